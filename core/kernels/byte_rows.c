/* The way from planes into maps of 8 bits. */
#include "core/kernels/bytes.h"

/* LANES pixels of one block of channels, four of which go into a lane: then the lanes are dealt to the pixels. */
static void store_block(const byte_rows *k, const float *from, int channel, int count, uint8_t *to) {
    enum { QUADS = BYTE_BLOCK / QUAD };
    ivec quads[QUADS] = {{0}};
    for (int c = 0; c < BYTE_BLOCK && channel + c < k->channels; c++)
        quads[c / QUAD] |= to_byte(vec_load(from + c * k->plane) * k->factors[channel + c]) << 8 * (c % QUAD);
    ivec low02 = VEC_LOW(quads[0], quads[2]), high02 = VEC_HIGH(quads[0], quads[2]);
    ivec low13 = VEC_LOW(quads[1], quads[3]), high13 = VEC_HIGH(quads[1], quads[3]);
    const ivec dealt[QUADS] = {VEC_LOW(low02, low13), VEC_HIGH(low02, low13), VEC_LOW(high02, high13),
                               VEC_HIGH(high02, high13)};
    uint8_t bytes[LANES][BYTE_BLOCK];
    memcpy(bytes, dealt, sizeof bytes);
    for (int p = 0; p < count; p++)
        memcpy(to + p * (ptrdiff_t)k->output.pixel, bytes[p], BYTE_BLOCK);
}

void KERNEL(byte_rows)(const byte_rows *k, int y0, int y1) {
    for (int y = y0; y < y1; y++)
        for (int x = 0; x < k->width; x += LANES) {
            int count = k->width - x < LANES ? k->width - x : LANES;
            for (int channel = 0; channel < k->output.pixel; channel += BYTE_BLOCK)
                store_block(k, k->planes + channel * k->plane + y * k->row + x, channel, count,
                            k->output.pixels + y * k->output.row + x * (ptrdiff_t)k->output.pixel + channel);
        }
}
