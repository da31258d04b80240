/* The weights of Winograd's F(4x4, 3x3) and F(2x2, 3x3) (winograd_rows.c, winograd_small_rows.c), in and out of the
 * transformed domain. Lanes are output channels; computed in double, so that what is packed is rounded once. */
#include "core/kernels/vector.h"

typedef double lanes __attribute__((vector_size(WINOGRAD_BLOCK * 8)));
typedef float narrow_lanes __attribute__((vector_size(WINOGRAD_BLOCK * 4), aligned(4), may_alias));

#define EACH(i, count) _Pragma("GCC unroll 6") for (int i = 0; i < (count); i++)

#define A 0.70710678118654752 /* the points are 0, +-A, +-B, and infinity, with A^2 = 1/2, B^2 = 2 */
#define B 1.41421356237309505

/* u = G g: rows [1, p, p^2] / N(p), N(p) the product of p's distances from the other finite points. */
static ALWAYS_INLINE void large_points(const lanes g[3], lanes u[6]) {
    lanes even1 = g[0] + 0.5 * g[2], odd1 = A * g[1], even2 = g[0] + 2 * g[2], odd2 = B * g[1];
    u[0] = g[0];
    u[1] = (even1 + odd1) * (-1 / 1.5);
    u[2] = (even1 - odd1) * (-1 / 1.5);
    u[3] = (even2 + odd2) * (1.0 / 6);
    u[4] = (even2 - odd2) * (1.0 / 6);
    u[5] = g[2];
}

/* The same for 0, +-1 and infinity; signs are left to B and A of the maps' transforms. */
static ALWAYS_INLINE void small_points(const lanes g[3], lanes u[4]) {
    lanes even = g[0] + g[2];
    u[0] = g[0];
    u[1] = 0.5 * (even + g[1]);
    u[2] = 0.5 * (even - g[1]);
    u[3] = g[2];
}

/* g = G^T u. */
static ALWAYS_INLINE void large_taps(const lanes u[6], lanes g[3]) {
    lanes even1 = (u[1] + u[2]) * (-1 / 1.5), odd1 = (u[1] - u[2]) * (-A / 1.5);
    lanes even2 = (u[3] + u[4]) * (1.0 / 6), odd2 = (u[3] - u[4]) * (B / 6);
    g[0] = u[0] + even1 + even2;
    g[1] = odd1 + odd2;
    g[2] = 0.5 * even1 + 2 * even2 + u[5];
}

/* G g G^T of one input channel and the output channels from `first` on. */
static ALWAYS_INLINE void pack_lanes(const winograd_weights *k, const float *weight, int first, float *packed, int side,
                                     void (*points)(const lanes *, lanes *)) {
    lanes g[3][3] = {{{0}}}, columns[6][3];
    for (int o = 0; o < WINOGRAD_BLOCK && first + o < k->outputs; o++)
        for (int tap = 0; tap < 9; tap++)
            g[tap / 3][tap % 3][o] = weight[(first + o) * k->output_stride + (k->turned ? 8 - tap : tap)];
    EACH(ky, 3) {
        lanes u[6];
        points(g[ky], u);
        EACH(q, side) columns[q][ky] = u[q];
    }
    EACH(q, side) {
        lanes u[6];
        points(columns[q], u);
        EACH(p, side)
        *(narrow_lanes *)(packed + (p * side + q) * k->point_stride + first) =
            __builtin_convertvector(u[p], narrow_lanes);
    }
}

static ALWAYS_INLINE void pack(const winograd_weights *k, int side, void (*points)(const lanes *, lanes *)) {
    for (int i = 0; i < k->inputs; i++)
        for (int first = 0; first < k->block; first += WINOGRAD_BLOCK)
            pack_lanes(k, k->weight + i * k->input_stride, first, k->packed + i * k->block, side, points);
}

void KERNEL(winograd_pack)(const winograd_weights *k) {
    pack(k, 6, large_points);
}

void KERNEL(winograd_small_pack)(const winograd_weights *k) {
    pack(k, 4, small_points);
}

void KERNEL(winograd_taps)(const winograd_sums *k) {
    lanes columns[3][6];
    for (int q = 0; q < 6; q++) {
        lanes u[6] = {{0}}, g[3];
        for (int item = 0; item < k->items; item++)
            EACH(p, 6) {
                const float *at = k->sums + item * k->item_stride + (p * 6 + q) * k->point_stride;
                u[p] += __builtin_convertvector(*(const narrow_lanes *)at, lanes);
            }
        large_taps(u, g);
        EACH(ky, 3) columns[ky][q] = g[ky];
    }
    for (int ky = 0; ky < 3; ky++) {
        lanes g[3];
        large_taps(columns[ky], g);
        for (int kx = 0; kx < 3; kx++)
            for (int o = 0; o < k->outputs; o++)
                k->dweight[o * k->output_stride + ky * 3 + kx] += (float)g[kx][o];
    }
}
