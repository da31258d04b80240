/* PNG. Mutated chunks get their checksums anew, or nothing behind libpng's check of them would ever be met. */
#include "core/io/png_io.h"
#include "tests/fuzz/fuzzing.h"

#include <zlib.h>

static uint32_t big_endian(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void mend_checksums(uint8_t *data, size_t size) {
    enum { SIGNATURE = 8, AROUND = 12 /* length, type, checksum */ };
    for (size_t at = SIGNATURE; at + AROUND <= size;) {
        size_t length = big_endian(data + at);
        if (length > size - at - AROUND)
            return;
        unsigned long sum = crc32_z(0, data + at + 4, length + 4);
        for (size_t i = 0; i < 4; i++)
            data[at + 8 + length + i] = (uint8_t)(sum >> (24 - 8 * i));
        at += length + AROUND;
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed) {
    enum { LEFT_WRONG = 16 }; /* one of so many */
    size = LLVMFuzzerMutate(data, size, room);
    if (seed % LEFT_WRONG)
        mend_checksums(data, size);
    return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    grey_image image;
    fuzz_write("input.png", data, size);
    fuzz_read_image(&(image_source){.path = "input.png"});
    fuzz_expect_outcome(png_read_grey("input.png", PNG_DEPTH_8, &image));
    grey_image_free(&image);
    return 0;
}
