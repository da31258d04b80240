/* safetensors, and the network made of it. The length of the header is set right in most inputs. */
#include "modules/torch/torch_import.h"
#include "tests/fuzz/fuzzing.h"

#include <string.h>

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed) {
    enum { LEFT_WRONG = 16 /* one of so many */, LENGTH = 8 };
    size = LLVMFuzzerMutate(data, size, room);
    const uint8_t *end = size > LENGTH ? memchr(data + LENGTH, '\n', size - LENGTH) : NULL;
    if (end && seed % LEFT_WRONG) {
        uint64_t length = (uint64_t)(end - data) - LENGTH;
        for (size_t i = 0; i < LENGTH; i++)
            data[i] = (uint8_t)(length >> (8 * i));
    }
    return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    detector *d;
    fuzz_write("input.safetensors", data, size);
    fuzz_expect_outcome(torch_import(fuzz_engine(), "input.safetensors", &d));
    detector_free(d);
    return 0;
}
