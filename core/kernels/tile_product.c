/* The matrix products between the transforms of winograd_tiles.c: a few rows, TILE_CHANNELS columns. */
#include "core/kernels/vector.h"

enum { VECTORS = TILE_CHANNELS / LANES };

/* Rows whose sums stay in registers. */
#if LANES == 16
enum { MOST_ROWS = 16 };
#elif LANES == 8 || REGISTERS == 32
enum { MOST_ROWS = 6 };
#else
enum { MOST_ROWS = 2 };
#endif

#define EACH_ROW(r) _Pragma("GCC unroll 16") for (int r = 0; r < rows; r++)
#define EACH_VECTOR(v) _Pragma("GCC unroll 4") for (int v = 0; v < VECTORS; v++)

static ALWAYS_INLINE void some_rows(const tile_product *k, int first, const int rows) {
    const float *a = k->a + first * k->a_row, *b = k->b;
    float *y = k->y + first * k->y_row;
    vec sum[MOST_ROWS][VECTORS];
    EACH_ROW(r) EACH_VECTOR(v) sum[r][v] = (vec){0};
    for (int i = 0; i < k->terms; i++, a += k->a_term, b += k->b_term) {
        vec column[VECTORS];
        EACH_VECTOR(v) column[v] = vec_load(b + v * LANES);
        EACH_ROW(r) {
            vec factor = vec_broadcast(a + r * k->a_row);
            EACH_VECTOR(v) vec_add_product(&sum[r][v], factor, column[v]);
        }
    }
    EACH_ROW(r) EACH_VECTOR(v) vec_store(y + r * k->y_row + v * LANES, sum[r][v]);
}

void KERNEL(tile_product)(const tile_product *k) {
    int r = 0;
    for (; r + MOST_ROWS <= k->rows; r += MOST_ROWS)
        some_rows(k, r, MOST_ROWS);
#if LANES == 16
    if (k->rows - r >= 8) {
        some_rows(k, r, 8);
        r += 8;
    }
#endif
#if LANES == 16 || LANES == 8 || REGISTERS == 32
    if (k->rows - r >= 4) {
        some_rows(k, r, 4);
        r += 4;
    }
    if (k->rows - r >= 2) {
        some_rows(k, r, 2);
        r += 2;
    }
#endif
    if (k->rows > r)
        some_rows(k, r, 1);
}
