/* Convolution 3x3 of maps of 8 bits.
 *
 * A tile is some neighbouring pixels and one or two blocks of output channels, whose sums stay in registers. Four
 * channels of a pixel are one lane's worth: they are broadcast and meet, in each lane, the four weights of another
 * output channel. Where there are registers, a pixel read once serves the three taps of its row.
 *
 * This file is compiled a fourth time for processors that have VNNI, where that product is one instruction. */
#include "core/kernels/bytes.h"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

enum {
    VECTORS = BYTE_BLOCK / LANES, /* of a block */
    WIDE = LANES == 16 ? 2 : 1,   /* blocks of the larger tile */
    PIXELS = LANES / 2,           /* of a tile */
    TAPS = 3,
    TOGETHER = LANES == 16 ? TAPS : 1, /* taps that one reading of a pixel serves, with as many registers */
    MOST_VECTORS = WIDE * VECTORS,
    QUAD_WEIGHTS = BYTE_BLOCK * QUAD /* bytes of one tap's weights for a quad and a block */
};

typedef uint8_t byte_lanes __attribute__((vector_size(LANES)));
typedef unsigned int uvec __attribute__((vector_size(LANES * 4)));

static inline ivec load_quads(const void *p) {
    ivec v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline ivec broadcast_quad(const uint8_t *p) {
    int quad;
    memcpy(&quad, p, sizeof quad);
    return quad - (ivec){0};
}

/* In each lane sum + four products of a byte without sign and one with. Where that is no single instruction, two
 * products of pairs in 16 bits are: bytes 0 and 2, then 1 and 3. */
#if defined(__AVX512VNNI__)
static inline ivec add_products(ivec sum, ivec bytes, ivec weights) {
    return (ivec)_mm512_dpbusd_epi32((__m512i)sum, (__m512i)bytes, (__m512i)weights);
}
#else
typedef short pairs __attribute__((vector_size(LANES * 4)));

static inline ivec multiply_pairs(ivec a, ivec b) {
#if LANES == 16
    return (ivec)_mm512_madd_epi16((__m512i)a, (__m512i)b);
#elif LANES == 8
    return (ivec)_mm256_madd_epi16((__m256i)a, (__m256i)b);
#elif defined(__SSE2__)
    return (ivec)_mm_madd_epi16((__m128i)a, (__m128i)b);
#else
    return (a << 16 >> 16) * (b << 16 >> 16) + (a >> 16) * (b >> 16);
#endif
}

static inline ivec add_products(ivec sum, ivec bytes, ivec weights) {
    ivec even = multiply_pairs(bytes & 0xff00ff, (ivec)((pairs)weights << 8 >> 8));
    ivec odd = multiply_pairs((ivec)((uvec)bytes >> 8) & 0xff00ff, (ivec)((pairs)weights >> 8));
    sum += even;
    sum += odd;
#if defined(__SSE2__)
    /* Adds nothing, but compilers leave it in its place: they would put off the additions and run out of registers. */
    __asm__ volatile("" : "+x"(sum));
#endif
    return sum;
}
#endif

/* Sums of PIXELS pixels from `input`, the pixel of tap (0, 0), and of BLOCKS blocks of channels. `weight` is the first
 * block's; the next one's lies `block` bytes on. */
#define DEFINE_TILE(name, BLOCKS)                                                                                      \
    static inline void name(const conv_byte_rows *k, const uint8_t *input, const int8_t *weight, ptrdiff_t block,      \
                            const int32_t *bias, ivec sums[PIXELS][MOST_VECTORS]) {                                    \
        enum { V = (BLOCKS)*VECTORS };                                                                                 \
        ivec sum[PIXELS][V];                                                                                           \
        ptrdiff_t pixel = k->input.pixel;                                                                              \
        _Pragma("GCC unroll 8") for (int p = 0; p < PIXELS; p++) _Pragma("GCC unroll 4") for (int v = 0; v < V; v++)   \
            sum[p][v] = load_quads(bias + v * LANES);                                                                  \
        for (int row = 0; row < TAPS; row++, input += k->input.row)                                                    \
            for (int quad = 0; quad < pixel; quad += QUAD)                                                             \
                for (int tap = 0; tap < TAPS; tap += TOGETHER, weight += TOGETHER * QUAD_WEIGHTS) {                    \
                    ivec w[TOGETHER][V];                                                                               \
                    _Pragma("GCC unroll 3") for (int t = 0; t < TOGETHER; t++)                                         \
                        _Pragma("GCC unroll 4") for (int v = 0; v < V; v++) w[t][v] =                                  \
                            load_quads(weight + v / VECTORS * block + t * QUAD_WEIGHTS + v % VECTORS * LANES * QUAD);  \
                    _Pragma("GCC unroll 10") for (int x = 0; x < PIXELS + TOGETHER - 1; x++) {                         \
                        ivec bytes = broadcast_quad(input + (x + tap) * pixel + quad);                                 \
                        _Pragma("GCC unroll 3") for (int t = 0; t < TOGETHER; t++) if (x - t >= 0 && x - t < PIXELS)   \
                            _Pragma("GCC unroll 4") for (int v = 0; v < V; v++) sum[x - t][v] =                        \
                                add_products(sum[x - t][v], bytes, w[t][v]);                                           \
                    }                                                                                                  \
                }                                                                                                      \
        _Pragma("GCC unroll 8") for (int p = 0; p < PIXELS; p++) _Pragma("GCC unroll 4") for (int v = 0; v < V; v++)   \
            sums[p][v] = sum[p][v];                                                                                    \
    }

DEFINE_TILE(tile_narrow, 1)
#if LANES == 16
DEFINE_TILE(tile_wide, 2)
#define TILE(blocks, ...) ((blocks) == WIDE ? tile_wide : tile_narrow)(__VA_ARGS__)
#else
#define TILE(blocks, ...) tile_narrow(__VA_ARGS__)
#endif

static inline vec to_floats(ivec v) {
    return __builtin_convertvector(v, vec);
}

static inline void store_bytes(uint8_t *p, ivec v) {
    byte_lanes bytes = __builtin_convertvector(v, byte_lanes);
    memcpy(p, &bytes, sizeof bytes);
}

/* Rows become columns: the vectors are dealt like a pack of cards, as often as their number can be halved. */
static inline void transpose(vec m[LANES]) {
    for (int round = 1; round < LANES; round *= 2) {
        vec from[LANES];
        memcpy(from, m, sizeof from);
        for (int i = 0; i < LANES / 2; i++) {
            m[2 * i] = VEC_LOW(from[i], from[i + LANES / 2]);
            m[2 * i + 1] = VEC_HIGH(from[i], from[i + LANES / 2]);
        }
    }
}

/* BYTE_PIXELS sums of a row, as many of them as the image has. */
typedef ivec row_sums[BYTE_PIXELS][MOST_VECTORS];

static void store_map(const conv_byte_rows *k, row_sums sums, int y, int x, int block, int vectors) {
    int count = k->width - x < BYTE_PIXELS ? k->width - x : BYTE_PIXELS;
    uint8_t *to = k->output.pixels + y * k->output.row + x * (ptrdiff_t)k->output.pixel + block * BYTE_BLOCK;
    for (int v = 0; v < vectors; v++, to += LANES) {
        vec scale = vec_load(k->scale + block * BYTE_BLOCK + v * LANES);
        for (int p = 0; p < count; p++)
            store_bytes(to + p * (ptrdiff_t)k->output.pixel, to_byte(to_floats(sums[p][v]) * scale));
    }
}

static void store_planes(const conv_byte_rows *k, row_sums sums, int y, int x, int block, int vectors) {
    for (int first = 0; first < BYTE_PIXELS && x + first < k->width; first += LANES)
        for (int v = 0; v < vectors; v++) {
            int channel = block * BYTE_BLOCK + v * LANES, count = k->width - x - first;
            vec scale = vec_load(k->scale + channel), m[LANES];
            for (int p = 0; p < LANES; p++) {
                m[p] = to_floats(sums[first + p][v]) * scale;
                m[p] = k->relu ? vec_relu(m[p]) : m[p];
            }
            transpose(m);
            float *to = k->planes + channel * k->plane + y * k->plane_row + x + first;
            for (int c = 0; c < LANES && channel + c < k->oc; c++, to += k->plane)
                if (count < LANES)
                    memcpy(to, &m[c], (size_t)count * sizeof *to);
                else
                    vec_store(to, m[c]);
        }
}

void KERNEL(conv_byte_rows)(const conv_byte_rows *k, int y0, int y1) {
    int blocks = (k->oc + BYTE_BLOCK - 1) / BYTE_BLOCK;
    ptrdiff_t weights = (ptrdiff_t)TAPS * TAPS * BYTE_BLOCK * k->input.pixel;
    row_sums sums;
    for (int y = y0; y < y1; y++)
        for (int x = 0; x < k->width; x += BYTE_PIXELS) {
            const uint8_t *input = k->input.pixels + (y - 1) * k->input.row + (x - 1) * (ptrdiff_t)k->input.pixel;
            for (int block = 0, step; block < blocks; block += step) {
                step = blocks - block < WIDE ? 1 : WIDE;
                for (int p = 0; p < BYTE_PIXELS; p += PIXELS)
                    TILE(step, k, input + p * (ptrdiff_t)k->input.pixel, k->weight + block * weights, weights,
                         k->bias + block * BYTE_BLOCK, sums + p);
                (k->output.pixels ? store_map : store_planes)(k, sums, y, x, block, step * VECTORS);
            }
        }
}
