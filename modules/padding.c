#include "modules/padding.h"

#include "core/base/whole_numbers.h"

#include <assert.h>
#include <string.h>

int padded_side(side_rule rule, int side) {
    int multiple = int_max(rule.multiple, 1);
    return int_pieces(int_max(side, rule.least), multiple) * multiple;
}

tensor padding_corner(const tensor *t, int width, int height) {
    assert(width <= t->w && height <= t->h);
    tensor corner = *t;
    corner.w = width;
    corner.h = height;
    return corner;
}

void padding_clear(const tensor *t, int width, int height) {
    for (int p = 0; p < t->n * t->c; p++)
        for (int y = 0; y < t->h; y++) {
            int first = y < height ? width : 0;
            memset(t->data + p * t->plane + y * t->row + first, 0, (size_t)(t->w - first) * sizeof(float));
        }
}
