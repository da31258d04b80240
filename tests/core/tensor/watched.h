/* Memory for tests whose surroundings are watched: a write outside is noticed. */
#ifndef IRST_TESTS_CORE_TENSOR_WATCHED_H
#define IRST_TESTS_CORE_TENSOR_WATCHED_H

#include "core/base/rng.h"
#include "core/tensor/kernels.h"
#include "core/tensor/tensor.h"

/* A stretch of floats between two of WATCHED floats whose change is noticed. Behind a tensor lies the vector more that
 * kernels may read; it holds large finite numbers, as a neighbour's map may. */
enum { WATCHED = 64 };
typedef struct watched {
    float *memory, *data;
    size_t count;
} watched;

watched watched_new(size_t count, float fill);
void watched_free(watched *w);
void expect_watched(const watched *w, const char *what); /* nothing was written outside */

/* Normal numbers. */
void fill_normal(rng *r, float *data, size_t count);

typedef struct watched_tensor {
    watched room;
    tensor t;
} watched_tensor;

/* Memory for t's shape and layout: its pixels normal numbers, its halo zero. */
watched_tensor watched_tensor_new(const tensor *shape, rng *r);
void watched_tensor_copy(const watched_tensor *from, watched_tensor *to); /* the pixels, of the same shape */
/* Nothing was written outside, and the halo is zero. */
void expect_watched_tensor(const watched_tensor *w, const char *what);

/* One plane, whose halo is watched, too: neither read nor written by kernels that work pixel by pixel. */
typedef struct watched_plane {
    watched room;
    plane_shape s;
} watched_plane;

enum { WATCHED_SHAPES = 10 }; /* widths around those of vectors, one pixel, dense ones and others */
watched_plane watched_plane_new(int shape, rng *r); /* shape: 0 .. WATCHED_SHAPES - 1; pixels normal numbers */
watched_plane watched_plane_copy(const watched_plane *from);
void expect_watched_plane(const watched_plane *w, const char *what);

#endif
