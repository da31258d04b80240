#include "eval/report/gallery_cut.h"

#include "core/base/whole_numbers.h"

#include <math.h>
#include <stdlib.h>

void gallery_maps_free(gallery_maps *maps) {
    free(maps->image);
    free(maps->score);
    free(maps->label);
    free(maps->predicted);
    *maps = (gallery_maps){0};
}

static status new_maps(int width, int height, gallery_maps *out) {
    size_t pixels = (size_t)width * (size_t)height;
    *out = (gallery_maps){width, height, calloc(pixels, 1), calloc(pixels, 1), calloc(pixels, 1), calloc(pixels, 1)};
    if (out->image && out->score && out->label && out->predicted)
        return STATUS_OK;
    gallery_maps_free(out);
    return status_fail(STATUS_MEMORY, "out of memory for the pictures of a report");
}

/* Blocks of `block` x `block` pixels of a part; the last ones may be smaller. */
typedef struct cutting {
    const gallery_source *source;
    const gallery_part *part;
    int block;
    float low, high; /* of the part's grey values */
} cutting;

static void find_range(cutting *c) {
    c->low = INFINITY;
    c->high = -INFINITY;
    for (int y = 0; y < c->part->height; y++)
        for (int x = 0; x < c->part->width; x++) {
            float value = c->source->image[(ptrdiff_t)(c->part->y + y) * c->source->width + c->part->x + x];
            c->low = fminf(c->low, value);
            c->high = fmaxf(c->high, value);
        }
}

static uint8_t byte_of(double share) {
    return (uint8_t)lrint(255 * fmin(fmax(share, 0), 1)); /* fmax takes NaN for 0 */
}

static void fill_block(const cutting *c, int column, int row, gallery_maps *out) {
    const gallery_source *s = c->source;
    int x_end = (column + 1) * c->block, y_end = (row + 1) * c->block, count = 0;
    x_end = x_end < c->part->width ? x_end : c->part->width;
    y_end = y_end < c->part->height ? y_end : c->part->height;
    double sum = 0, most = 0;
    ptrdiff_t to = (ptrdiff_t)row * out->width + column;
    for (int y = row * c->block; y < y_end; y++)
        for (int x = column * c->block; x < x_end; x++, count++) {
            ptrdiff_t at = (ptrdiff_t)(c->part->y + y) * s->width + c->part->x + x;
            sum += s->image ? s->image[at] - c->low : 0;
            most = fmax(most, s->score[at]);
            out->label[to] |= s->label[at] != 0;
            out->predicted[to] |= s->predicted[at] != 0;
        }
    out->image[to] = c->high > c->low ? byte_of(sum / count / (c->high - c->low)) : 0;
    out->score[to] = byte_of(most);
}

static status cut(cutting *c, gallery_maps *out) {
    int width = (c->part->width + c->block - 1) / c->block, height = (c->part->height + c->block - 1) / c->block;
    TRY(new_maps(width, height, out));
    if (c->source->image)
        find_range(c);
    for (int row = 0; row < height; row++)
        for (int column = 0; column < width; column++)
            fill_block(c, column, row, out);
    return STATUS_OK;
}

status gallery_cut(const gallery_source *source, const gallery_part *part, gallery_maps *out) {
    cutting c = {.source = source, .part = part, .block = 1};
    return cut(&c, out);
}

status gallery_reduce(const gallery_source *source, int largest_side, gallery_maps *out) {
    int side = source->width > source->height ? source->width : source->height;
    gallery_part whole = {0, 0, source->width, source->height};
    cutting c = {.source = source, .part = &whole, .block = int_pieces(side, largest_side)};
    return cut(&c, out);
}

gallery_part gallery_part_around(const gallery_source *source, double x, double y, int side) {
    int width = side < source->width ? side : source->width, height = side < source->height ? side : source->height;
    return (gallery_part){int_clamp((int)lrint(x) - width / 2, 0, source->width - width),
                          int_clamp((int)lrint(y) - height / 2, 0, source->height - height), width, height};
}
