#include "core/draw/palette.h"

#include <math.h>
#include <stdlib.h>

#define BITS 6 /* of each channel that tell the cells apart */
#define CELLS (1 << 3 * BITS)

/* Pixels of nearly the same colour. */
typedef struct colour_cell {
    int64_t pixels;
    int64_t sum[3]; /* red, green, blue */
    int place;      /* in the cube */
} colour_cell;

/* Cells first .. first + count - 1, which share a colour of the palette. */
typedef struct colour_box {
    int first, count;
    double spread; /* what is gained by cutting it; 0 for a single cell */
    int longest;   /* channel of that side */
} colour_box;

static int place_of(uint32_t pixel) {
    int low = 8 - BITS, mask = (1 << BITS) - 1;
    return (int)((pixel >> 16 >> low & mask) << 2 * BITS | (pixel >> 8 >> low & mask) << BITS | (pixel >> low & mask));
}

static double level(const colour_cell *cell, int channel) {
    return (double)cell->sum[channel] / (double)cell->pixels;
}

/* --- cells --- */

static void count_pixels(const uint32_t *pixels, size_t count, colour_cell *cells) {
    for (size_t i = 0; i < count; i++) {
        colour_cell *cell = &cells[place_of(pixels[i])];
        cell->pixels++;
        for (int channel = 0; channel < 3; channel++)
            cell->sum[channel] += pixels[i] >> (16 - 8 * channel) & 0xff;
    }
}

/* Moves the cells that are not empty to the front; returns their number. */
static int gather(colour_cell *cells) {
    int count = 0;
    for (int place = 0; place < CELLS; place++) {
        if (cells[place].pixels == 0)
            continue;
        cells[count] = cells[place];
        cells[count++].place = place;
    }
    return count;
}

/* --- boxes --- */

static void measure(const colour_cell *cells, colour_box *box) {
    int64_t pixels = 0;
    double length = 0;
    for (int channel = 0; channel < 3; channel++) {
        double low = INFINITY, high = -INFINITY;
        for (int i = box->first; i < box->first + box->count; i++) {
            low = fmin(low, level(&cells[i], channel));
            high = fmax(high, level(&cells[i], channel));
            pixels += channel == 0 ? cells[i].pixels : 0;
        }
        if (high - low > length) {
            length = high - low;
            box->longest = channel;
        }
    }
    box->spread = sqrt((double)pixels) * length; /* so that rare colours, such as the ends of a scale, have a chance */
}

static int by_level(const colour_cell *a, const colour_cell *b, int channel) {
    double x = level(a, channel), y = level(b, channel);
    return (x > y) - (x < y);
}

static int by_red(const void *a, const void *b) {
    return by_level(a, b, 0);
}

static int by_green(const void *a, const void *b) {
    return by_level(a, b, 1);
}

static int by_blue(const void *a, const void *b) {
    return by_level(a, b, 2);
}

/* Cuts a box of two cells or more along its longest side. */
static colour_box cut(colour_cell *cells, colour_box *box) {
    static int (*const orders[])(const void *, const void *) = {by_red, by_green, by_blue};
    colour_cell *first = cells + box->first;
    qsort(first, (size_t)box->count, sizeof *first, orders[box->longest]);
    int64_t all = 0, below = first[0].pixels;
    for (int i = 0; i < box->count; i++)
        all += first[i].pixels;
    int kept = 1;
    while (kept < box->count - 1 && 2 * below < all)
        below += first[kept++].pixels;
    colour_box rest = {.first = box->first + kept, .count = box->count - kept};
    box->count = kept;
    measure(cells, box);
    measure(cells, &rest);
    return rest;
}

static int make_boxes(colour_cell *cells, int cell_count, int most, colour_box *boxes) {
    int count = 1;
    boxes[0] = (colour_box){.first = 0, .count = cell_count};
    measure(cells, &boxes[0]);
    while (count < most) {
        int widest = 0;
        for (int i = 1; i < count; i++)
            widest = boxes[i].spread > boxes[widest].spread ? i : widest;
        if (boxes[widest].spread <= 0)
            break;
        boxes[count++] = cut(cells, &boxes[widest]);
    }
    return count;
}

/* --- colours --- */

static uint32_t mean_colour(const colour_cell *cells, const colour_box *box) {
    int64_t pixels = 0, sum[3] = {0};
    for (int i = box->first; i < box->first + box->count; i++) {
        pixels += cells[i].pixels;
        for (int channel = 0; channel < 3; channel++)
            sum[channel] += cells[i].sum[channel];
    }
    uint32_t colour = 0;
    for (int channel = 0; channel < 3; channel++)
        colour = colour << 8 | (uint32_t)((sum[channel] + pixels / 2) / pixels);
    return colour;
}

static void choose(colour_cell *cells, int cell_count, int most, palette *out, uint8_t *index_of) {
    colour_box boxes[PALETTE_MOST];
    out->count = make_boxes(cells, cell_count, most, boxes);
    for (int b = 0; b < out->count; b++) {
        out->colours[b] = mean_colour(cells, &boxes[b]);
        for (int i = boxes[b].first; i < boxes[b].first + boxes[b].count; i++)
            index_of[cells[i].place] = (uint8_t)b;
    }
}

status palette_reduce(const uint32_t *pixels, size_t count, int most, palette *out, uint8_t *indices) {
    *out = (palette){0};
    colour_cell *cells = calloc(CELLS, sizeof *cells);
    uint8_t *index_of = calloc(CELLS, 1);
    status result = STATUS_OK;
    if (!cells || !index_of) {
        result = status_fail(STATUS_MEMORY, "out of memory for a palette");
    } else if (count > 0) {
        count_pixels(pixels, count, cells);
        choose(cells, gather(cells), most < PALETTE_MOST ? most : PALETTE_MOST, out, index_of);
        for (size_t i = 0; i < count; i++)
            indices[i] = index_of[place_of(pixels[i])];
    }
    free(cells);
    free(index_of);
    return result;
}
