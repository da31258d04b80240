/* Convolution 3x3, stride 1, padding 1, by Winograd's minimal filtering F(4x4, 3x3): 36 multiplications for 16 outputs
 * instead of 144 (Lavin & Gray, CVPR 2016).
 *
 * With d a 6x6 tile of the input, g the kernel, the 4x4 tile of the output is  Y = A^T [(G g G^T) * (B^T d B)] A,
 * summed over input channels inside the brackets, which makes 36 matrix products. The interpolation points are 0,
 * +-1/sqrt(2), +-sqrt(2) and infinity: their products keep the matrices' entries near 1, and with it the rounding
 * errors near those of the direct sum.
 *
 * Vector lanes are neighbouring tiles of a row. The vertical transform works on rows as they lie in memory; for the
 * horizontal one, pixels are dealt into the four columns of the tiles, and gathered again after the products. */
#define WINOGRAD_STEP 4
#include "core/kernels/winograd.h"

/* A^T m A of one channel and one vector of tiles: four rows of GROUP_SPAN pixels. */
static inline void transform_output(const float *m, vec bias, vec out[STEP][STEP]) {
    vec vertical[STEP][SIDE];
    _Pragma("GCC unroll 6") for (int j = 0; j < SIDE; j++) {
        vec d[SIDE], y[STEP];
        _Pragma("GCC unroll 6") for (int i = 0; i < SIDE; i++) d[i] = vec_load(m + (i * SIDE + j) * TILES);
        output_points(d, y);
        _Pragma("GCC unroll 4") for (int i = 0; i < STEP; i++) vertical[i][j] = y[i];
    }
    _Pragma("GCC unroll 4") for (int i = 0; i < STEP; i++) {
        vec y[STEP];
        output_points(vertical[i], y);
        _Pragma("GCC unroll 4") for (int j = 0; j < STEP; j++) y[j] += bias;
        vec low01 = QUAD_LOW(y[0], y[1]), low23 = QUAD_LOW(y[2], y[3]);
        vec high01 = QUAD_HIGH(y[0], y[1]), high23 = QUAD_HIGH(y[2], y[3]);
        out[i][0] = QUAD_FIRST_PAIRS(low01, low23);
        out[i][1] = QUAD_LAST_PAIRS(low01, low23);
        out[i][2] = QUAD_FIRST_PAIRS(high01, high23);
        out[i][3] = QUAD_LAST_PAIRS(high01, high23);
    }
}

#include "core/kernels/winograd_pass.h"

/* For the weights' gradient, too: its transformed tiles are padded to two vectors of channels. */
size_t KERNEL(winograd_scratch)(int ic, int oc) {
    int padded = KERNEL(winograd_padded)(oc), blocks = (oc + WINOGRAD_BLOCK - 1) / WINOGRAD_BLOCK * WINOGRAD_BLOCK;
    /* Behind each point's tiles the gradient of the weights keeps a vector free (gradient_stride). */
    return (size_t)CHANNEL * (size_t)(ic + (padded > blocks ? padded : blocks)) + (size_t)POINTS * LANES;
}

void KERNEL(winograd_rows)(const winograd_rows *k, int y0, int y1, float *scratch) {
    run_passes(k, y0, y1, scratch);
}
