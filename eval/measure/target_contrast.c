#include "eval/measure/target_contrast.h"

#include "core/base/whole_numbers.h"

#include <math.h>
#include <stddef.h>
#include <stdint.h>

enum { AROUND = 20 }; /* pixels */

/* Of values less the first one: the sums of equal ones are 0 exactly, and cancel little of others. */
typedef struct moments {
    int64_t count;
    double first, sum, squares;
} moments;

static void add(moments *m, double value) {
    if (m->count++ == 0)
        m->first = value;
    value -= m->first;
    m->sum += value;
    m->squares += value * value;
}

static double ratio_of(const moments *target, const moments *around) {
    if (around->count == 0)
        return NAN;
    double mean = around->sum / (double)around->count;
    double variance = fmax(around->squares / (double)around->count - mean * mean, 0);
    double signal = fabs(target->first + target->sum / (double)target->count - around->first - mean);
    return signal > 0 ? signal / sqrt(variance) : 0;
}

void target_contrast(const float *image, const component_list *targets, int width, int height, double *ratios) {
    for (int t = 0; t < targets->count; t++) {
        const component *c = &targets->items[t];
        moments inside = {0}, around = {0};
        for (int y = c->y0 > AROUND ? c->y0 - AROUND : 0; y < int_min(c->y1 + AROUND + 1, height); y++)
            for (int x = c->x0 > AROUND ? c->x0 - AROUND : 0; x < int_min(c->x1 + AROUND + 1, width); x++) {
                ptrdiff_t at = (ptrdiff_t)y * width + x;
                if (targets->labels[at] == t + 1)
                    add(&inside, image[at]);
                else if (targets->labels[at] == 0)
                    add(&around, image[at]);
            }
        ratios[t] = ratio_of(&inside, &around);
    }
}
