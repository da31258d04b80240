/* PNG. */
#include "core/io/png_io.h"
#include "tests/fuzz/fuzzing.h"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed) {
    return fuzz_mutate_png(data, size, room, seed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    grey_image image;
    fuzz_write("input.png", data, size);
    fuzz_read_image(&(image_source){.path = "input.png"});
    fuzz_expect_outcome(png_read_grey("input.png", &image));
    grey_image_free(&image);
    return 0;
}
