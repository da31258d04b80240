/* The formats that are read without a library: BMP, PGM and PPM told by their first bytes, raw by its name. */
#include "tests/fuzz/fuzzing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_write("input.raw", data, size);
    fuzz_read_image(&(image_source){.path = "input.raw"});
    fuzz_read_image(&(image_source){.path = "input.raw", .raw_width = 4, .raw_height = 3});
    return 0;
}
