/* The same convolution as winograd_rows.c by F(2x2, 3x3): 16 multiplications for 4 outputs instead of 36. The points
 * are 0, +-1 and infinity, the matrices' entries 0, +-1 and 1/2, so that the rounding errors are about those of a
 * direct sum. */
#define WINOGRAD_STEP 2
#include "core/kernels/winograd.h"

/* A^T m A of one channel and one vector of tiles: two rows of GROUP_SPAN pixels. */
static inline void transform_output(const float *m, vec bias, vec out[STEP][STEP]) {
    vec vertical[STEP][SIDE];
    _Pragma("GCC unroll 4") for (int j = 0; j < SIDE; j++) {
        vec d[SIDE], y[STEP];
        _Pragma("GCC unroll 4") for (int i = 0; i < SIDE; i++) d[i] = vec_load(m + (i * SIDE + j) * TILES);
        output_points(d, y);
        _Pragma("GCC unroll 2") for (int i = 0; i < STEP; i++) vertical[i][j] = y[i];
    }
    _Pragma("GCC unroll 2") for (int i = 0; i < STEP; i++) {
        vec y[STEP];
        output_points(vertical[i], y);
        _Pragma("GCC unroll 2") for (int j = 0; j < STEP; j++) y[j] += bias;
        out[i][0] = QUAD_LOW(y[0], y[1]);
        out[i][1] = QUAD_HIGH(y[0], y[1]);
    }
}

#include "core/kernels/winograd_pass.h"

void KERNEL(winograd_small_rows)(const winograd_rows *k, int y0, int y1, float *scratch) {
    run_passes(k, y0, y1, scratch);
}
