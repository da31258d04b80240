/* JPEG. */
#include "tests/fuzz/fuzzing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_write("input.jpg", data, size);
    fuzz_read_image(&(image_source){.path = "input.jpg"});
    return 0;
}
