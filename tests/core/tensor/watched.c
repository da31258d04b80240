#include "tests/core/tensor/watched.h"

#include "tests/expect.h"

#include <stdlib.h>

#define MARK 1e30f

watched watched_new(size_t count, float fill) {
    watched w = {.count = count};
    size_t floats = (count + 2 * WATCHED + 15) / 16 * 16;
    w.memory = aligned_alloc(64, floats * sizeof *w.memory);
    assert_non_null(w.memory);
    w.data = w.memory + WATCHED;
    for (size_t i = 0; i < floats; i++)
        w.memory[i] = i >= WATCHED && i < WATCHED + count ? fill : MARK;
    return w;
}

void watched_free(watched *w) {
    free(w->memory);
    *w = (watched){0};
}

void expect_watched(const watched *w, const char *what) {
    for (size_t i = 0; i < 2 * WATCHED; i++) {
        size_t at = i < WATCHED ? i : i + w->count;
        if (w->memory[at] != MARK)
            fail_msg("%s: wrote %g at %lld of %zu floats", what, (double)w->memory[at], (long long)at - WATCHED,
                     w->count);
    }
}

void fill_normal(rng *r, float *data, size_t count) {
    for (size_t i = 0; i < count; i++)
        data[i] = (float)rng_normal(r);
}

watched_tensor watched_tensor_new(const tensor *shape, rng *r) {
    watched_tensor w = {.room = watched_new(tensor_footprint(shape), 0), .t = *shape};
    w.t.data = w.room.data + tensor_origin(shape);
    for (int p = 0; p < shape->n * shape->c; p++)
        for (int y = 0; y < shape->h; y++)
            fill_normal(r, w.t.data + p * shape->plane + y * shape->row, (size_t)shape->w);
    return w;
}

void watched_tensor_copy(const watched_tensor *from, watched_tensor *to) {
    memcpy(to->room.data, from->room.data, from->room.count * sizeof *to->room.data);
}

static bool is_pixel(const tensor *t, size_t i) {
    ptrdiff_t at = (ptrdiff_t)(i % (size_t)t->plane) - (ptrdiff_t)tensor_origin(t);
    return at >= 0 && at / t->row < t->h && at % t->row < t->w;
}

void expect_watched_tensor(const watched_tensor *w, const char *what) {
    expect_watched(&w->room, what);
    for (size_t i = 0; i < w->room.count; i++)
        if (w->room.data[i] != 0 && !is_pixel(&w->t, i))
            fail_msg("%s: the halo of %dx%d maps holds %g at %zu", what, w->t.h, w->t.w, (double)w->room.data[i], i);
}

static bool between_rows(const watched_plane *w, size_t i) {
    return (ptrdiff_t)i % w->s.row >= w->s.w;
}

watched_plane watched_plane_new(int shape, rng *r) {
    static const plane_shape shapes[WATCHED_SHAPES] = {{1, 1, 1},   {1, 1, 17},   {9, 1, 17},  {1, 7, 7},
                                                       {5, 17, 48}, {3, 16, 32},  {2, 33, 33}, {7, 64, 80},
                                                       {4, 65, 96}, {3, 131, 160}};
    watched_plane w = {.s = shapes[shape]};
    w.room = watched_new((size_t)(w.s.h * w.s.row), MARK);
    for (size_t i = 0; i < w.room.count; i++)
        if (!between_rows(&w, i))
            w.room.data[i] = (float)rng_normal(r);
    return w;
}

watched_plane watched_plane_copy(const watched_plane *from) {
    watched_plane w = {watched_new(from->room.count, 0), from->s};
    memcpy(w.room.data, from->room.data, w.room.count * sizeof *w.room.data);
    return w;
}

void expect_watched_plane(const watched_plane *w, const char *what) {
    expect_watched(&w->room, what);
    for (size_t i = 0; i < w->room.count; i++)
        if (between_rows(w, i) && w->room.data[i] != MARK)
            fail_msg("%s: wrote %g between the rows of a %dx%d plane", what, (double)w->room.data[i], w->s.h, w->s.w);
}
