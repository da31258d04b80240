/* Images cut into tiles that overlap, and their maps put together. */
#include "modules/detector_private.h"

#include "core/base/whole_numbers.h"
#include "core/io/image.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 32, LEAST_SIDE = 64 };

status detector_tiles_read(const char *text, const char *option, detector_tiles *out) {
    *out = (detector_tiles){.side = 1024, .overlap = 128, .limit = 2048 * 2048};
    if (!strcmp(text, "auto"))
        return STATUS_OK;
    *out = (detector_tiles){0};
    if (!strcmp(text, "off"))
        return STATUS_OK;
    int end = 0;
    /* No side has more digits: scanf would not say that a longer number overflows. */
    bool numbers = sscanf(text, "%6d,%6d%n", &out->side, &out->overlap, &end) == 2 && text[end] == '\0';
    if (!numbers || out->side < LEAST_SIDE || out->side > IMAGE_LARGEST_SIDE || out->overlap < 0 ||
        2 * out->overlap > out->side)
        return status_fail(STATUS_USAGE,
                           "%s is '%s', expected 'auto', 'off' or SIDE,OVERLAP: a side of 64 to %d, an overlap of "
                           "at most half of it",
                           option, text, IMAGE_LARGEST_SIDE);
    return STATUS_OK;
}

void detector_set_tiles(detector *d, const detector_tiles *tiles) {
    assert(tiles->side == 0 || (tiles->side >= LEAST_SIDE && tiles->overlap >= 0 && 2 * tiles->overlap <= tiles->side));
    d->cut.tiles = *tiles;
}

bool detector_cuts(const detector *d, int width, int height) {
    const detector_tiles *t = &d->cut.tiles;
    return t->side > 0 && (int64_t)width * height > t->limit && (width > t->side || height > t->side);
}

int64_t detector_cut_images(const detector *d) {
    return d->cut.images;
}

void detector_drop_tiles(detector *d) {
    free(d->cut.memory);
    d->cut.memory = NULL;
}

/* The tiles along one axis: `more` of them, the last ones, are longer by ALIGNMENT than the others. */
typedef struct axis {
    int length, overlap, step, count, more;
} axis;

/* As few tiles as the side allows, of about one length: what they advance by is dealt out among them. */
static axis axis_of(const detector_tiles *t, int length) {
    if (length <= t->side)
        return (axis){.length = length, .count = 1};
    int most = (t->side - t->overlap) / ALIGNMENT; /* blocks of ALIGNMENT pixels from one tile to the next */
    axis a = {.length = length, .overlap = t->side - most * ALIGNMENT};
    int blocks = int_pieces(length - a.overlap, ALIGNMENT);
    a.count = int_pieces(blocks, most);
    a.step = blocks / a.count * ALIGNMENT;
    a.more = blocks % a.count;
    return a;
}

/* Of one tile: where it lies, and which part of the map is taken from it. */
typedef struct span {
    int first, last;
    int keep_first, keep_last;
} span;

static int begin_of(const axis *a, int tile) {
    int longer = tile - (a->count - a->more);
    return tile * a->step + (longer > 0 ? longer * ALIGNMENT : 0);
}

static int end_of(const axis *a, int tile) {
    return tile == a->count - 1 ? a->length : begin_of(a, tile + 1) + a->overlap;
}

static int cut_before(const axis *a, int tile) {
    return (end_of(a, tile - 1) + begin_of(a, tile)) / 2; /* half way through what both tiles show */
}

static span span_of(const axis *a, int tile) {
    return (span){begin_of(a, tile), end_of(a, tile), tile == 0 ? 0 : cut_before(a, tile),
                  tile == a->count - 1 ? a->length : cut_before(a, tile + 1)};
}

/* A network that divides by its image's largest value divides a tile by that of the whole image. */
static float unit_of(const detector *d, const float *image, size_t pixels) {
    float largest = 0;
    for (size_t i = 0; d->input.own_maximum && i < pixels; i++)
        largest = image[i] > largest ? image[i] : largest;
    return largest > 0 ? largest : 1;
}

static void cut_out(const float *image, int width, span x, span y, float unit, float *tile) {
    for (int row = y.first; row < y.last; row++)
        for (int column = x.first; column < x.last; column++)
            *tile++ = image[(size_t)row * (size_t)width + (size_t)column] / unit;
}

static void put_in(const float *tile, span x, span y, int width, float *map) {
    for (int row = y.keep_first; row < y.keep_last; row++)
        memcpy(map + (size_t)row * (size_t)width + (size_t)x.keep_first,
               tile + (size_t)(row - y.first) * (size_t)(x.last - x.first) + (size_t)(x.keep_first - x.first),
               (size_t)(x.keep_last - x.keep_first) * sizeof *tile);
}

/* Room for the maps that the method gives. */
static status make_maps(detector *d, detector_detail detail, detector_maps *out) {
    size_t pixels = (size_t)out->width * (size_t)out->height;
    bool has_logit = d->type->build != NULL;
    int count = 1 + has_logit + (has_logit && detail >= DETAIL_RECONSTRUCTION);
    detector_drop_tiles(d);
    d->cut.memory = malloc((size_t)count * pixels * sizeof(float));
    if (!d->cut.memory)
        return status_fail(STATUS_MEMORY, "out of memory for the maps of a %dx%d image", out->width, out->height);
    out->score = d->cut.memory;
    out->logit = has_logit ? out->score + pixels : NULL;
    out->reconstruction = count > 2 ? out->logit + pixels : NULL;
    return STATUS_OK;
}

static status run_tile(detector *d, const input_format *format, const float *tile, span x, span y,
                       detector_detail detail, detector_maps *out) {
    detector_maps maps;
    int width = x.last - x.first, height = y.last - y.first;
    status result = detector_run_whole(d, format, tile, width, height, detail, &maps);
    if (result != STATUS_OK) /* it speaks of an image */
        return status_prefix(result, "a tile of %dx%d (--tiles SIDE,OVERLAP makes others)", width, height);
    size_t pixels = (size_t)out->width * (size_t)out->height;
    put_in(maps.score, x, y, out->width, d->cut.memory);
    if (maps.logit)
        put_in(maps.logit, x, y, out->width, d->cut.memory + pixels);
    if (maps.reconstruction)
        put_in(maps.reconstruction, x, y, out->width, d->cut.memory + 2 * pixels);
    else
        out->reconstruction = NULL;
    return STATUS_OK;
}

/* Column by column: along each axis there are three sizes at most, and the graph is laid out anew where one begins. */
static status run_all(detector *d, const float *image, detector_detail detail, float *tile, detector_maps *out) {
    axis across = axis_of(&d->cut.tiles, out->width), down = axis_of(&d->cut.tiles, out->height);
    float unit = unit_of(d, image, (size_t)out->width * (size_t)out->height);
    input_format format = d->input;
    format.own_maximum = false;
    for (int column = 0; column < across.count; column++)
        for (int row = 0; row < down.count; row++) {
            span x = span_of(&across, column), y = span_of(&down, row);
            cut_out(image, out->width, x, y, unit, tile);
            TRY(run_tile(d, &format, tile, x, y, detail, out));
        }
    return STATUS_OK;
}

status detector_run_tiles(detector *d, const float *image, int width, int height, detector_detail detail,
                          detector_maps *out) {
    *out = (detector_maps){.width = width, .height = height};
    if (detail == DETAIL_STAGES)
        return status_fail(STATUS_USAGE, "an image of %dx%d pixels is cut into tiles, which have no stage maps", width,
                           height);
    size_t side = (size_t)d->cut.tiles.side;
    float *tile = malloc(side * side * sizeof *tile);
    if (!tile)
        return status_fail(STATUS_MEMORY, "out of memory for a tile of %zux%zu pixels", side, side);
    status result = make_maps(d, detail, out);
    if (result == STATUS_OK)
        result = run_all(d, image, detail, tile, out);
    d->cut.images += result == STATUS_OK;
    free(tile);
    return result;
}
