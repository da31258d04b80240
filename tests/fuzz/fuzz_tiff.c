/* TIFF, of one page or many. */
#include "tests/fuzz/fuzzing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_write("input.tif", data, size);
    fuzz_read_image(&(image_source){.path = "input.tif"});
    return 0;
}
