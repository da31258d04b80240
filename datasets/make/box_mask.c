#include "datasets/make/box_mask.h"

#include <math.h>
#include <stdlib.h>

enum { LEAST_FRAME = 3 };

const char *const box_fill_names[2] = {"contrast", "box"};

const char *box_fill_description(box_fill fill) {
    static const char *const descriptions[2] = {
        "Masks were made from boxes: in each box the pixels brighter than half way from the median around the box to "
        "its "
        "brightest pixel, connected to that one. The outlines are therefore not annotated ones.",
        "Masks were made from boxes: every pixel of a box is target, so targets are larger than they appear. The "
        "outlines "
        "are therefore not annotated ones.",
    };
    return descriptions[fill];
}

/* Pixels, ends excluded. */
typedef struct area {
    int x0, y0, x1, y1;
} area;

static int clamp(double value, int low, int high) {
    return value < low ? low : value > high ? high : (int)value;
}

/* Along one axis: pixels whose centre lies inside, or the one under the middle. */
static void cover(double from, double to, int limit, int *first, int *last) {
    double begin = ceil(from - 0.5), end = ceil(to - 0.5);
    if (end <= begin) {
        begin = floor((from + to) / 2);
        end = begin + 1;
    }
    *first = clamp(begin, 0, limit);
    *last = clamp(end, 0, limit);
}

static area area_of(const grey_image *image, const box *b) {
    area a;
    cover(b->x0, b->x1, image->width, &a.x0, &a.x1);
    cover(b->y0, b->y1, image->height, &a.y0, &a.y1);
    return a;
}

static int by_value(const void *a, const void *b) {
    return *(const uint16_t *)a - *(const uint16_t *)b;
}

/* The median of the frame around `a`; of an image that is all box, its darkest pixel. */
static status background(const grey_image *image, area a, double *out) {
    int longer = a.x1 - a.x0 > a.y1 - a.y0 ? a.x1 - a.x0 : a.y1 - a.y0;
    int wide = longer / 2 > LEAST_FRAME ? longer / 2 : LEAST_FRAME;
    area f = {clamp(a.x0 - wide, 0, image->width), clamp(a.y0 - wide, 0, image->height),
              clamp(a.x1 + wide, 0, image->width), clamp(a.y1 + wide, 0, image->height)};
    uint16_t *values = malloc((size_t)(f.x1 - f.x0) * (size_t)(f.y1 - f.y0) * sizeof *values);
    if (!values)
        return status_fail(STATUS_MEMORY, "out of memory for the surroundings of a box");
    size_t count = 0;
    int darkest = 65535;
    for (int y = f.y0; y < f.y1; y++)
        for (int x = f.x0; x < f.x1; x++) {
            uint16_t value = image->pixels[(size_t)y * (size_t)image->width + (size_t)x];
            bool inside = x >= a.x0 && x < a.x1 && y >= a.y0 && y < a.y1;
            darkest = value < darkest ? value : darkest;
            if (!inside)
                values[count++] = value;
        }
    qsort(values, count, sizeof *values, by_value);
    *out = count ? values[count / 2] : darkest;
    free(values);
    return STATUS_OK;
}

static size_t brightest(const grey_image *image, area a) {
    size_t best = (size_t)a.y0 * (size_t)image->width + (size_t)a.x0;
    for (int y = a.y0; y < a.y1; y++)
        for (int x = a.x0; x < a.x1; x++) {
            size_t at = (size_t)y * (size_t)image->width + (size_t)x;
            best = image->pixels[at] > image->pixels[best] ? at : best;
        }
    return best;
}

static void fill_whole(area a, grey_image *mask) {
    for (int y = a.y0; y < a.y1; y++)
        for (int x = a.x0; x < a.x1; x++)
            mask->pixels[(size_t)y * (size_t)mask->width + (size_t)x] = 255;
}

/* Grows from the brightest pixel, each pixel once: a box may be a whole image. */
static status fill_connected(const grey_image *image, area a, size_t peak, double limit, grey_image *mask) {
    int w = a.x1 - a.x0, h = a.y1 - a.y0, count = 0;
    size_t width = (size_t)image->width, pixels = (size_t)w * (size_t)h;
    bool *taken = calloc(pixels, sizeof *taken);
    int *ahead = malloc(pixels * sizeof *ahead); /* taken, but for their neighbours */
    if (!taken || !ahead) {
        free(taken);
        free(ahead);
        return status_fail(STATUS_MEMORY, "out of memory for a box of %dx%d pixels", w, h);
    }
    ahead[count++] = ((int)(peak / width) - a.y0) * w + (int)(peak % width) - a.x0;
    taken[ahead[0]] = true;
    while (count > 0) {
        int y = ahead[--count] / w, x = ahead[count] % w;
        mask->pixels[(size_t)(a.y0 + y) * width + (size_t)(a.x0 + x)] = 255;
        for (int v = y > 0 ? y - 1 : 0; v <= y + 1 && v < h; v++)
            for (int u = x > 0 ? x - 1 : 0; u <= x + 1 && u < w; u++) {
                int at = v * w + u;
                if (taken[at] || image->pixels[(size_t)(a.y0 + v) * width + (size_t)(a.x0 + u)] <= limit)
                    continue;
                taken[at] = true;
                ahead[count++] = at;
            }
    }
    free(taken);
    free(ahead);
    return STATUS_OK;
}

status box_mask_add(const grey_image *image, const box *b, box_fill fill, grey_image *mask, int *flat) {
    area a = area_of(image, b);
    if (a.x1 <= a.x0 || a.y1 <= a.y0)
        return status_fail(STATUS_INPUT, "a box from (%g, %g) to (%g, %g) lies outside the image of %dx%d", b->x0,
                           b->y0, b->x1, b->y1, image->width, image->height);
    if (fill == BOX_FILL_CONTRAST) {
        double around = 0;
        TRY(background(image, a, &around));
        size_t peak = brightest(image, a);
        if (image->pixels[peak] > around)
            return fill_connected(image, a, peak, (around + image->pixels[peak]) / 2, mask);
        ++*flat;
    }
    fill_whole(a, mask);
    return STATUS_OK;
}
