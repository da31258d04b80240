/* A packed data set. */
#include "datasets/dataset.h"
#include "tests/fuzz/fuzzing.h"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed) {
    return fuzz_mutate_hdf5(data, size, room, seed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    enum { MOST = 4 };
    dataset *d = NULL;
    fuzz_write("input.h5", data, size);
    fuzz_expect_outcome(dataset_open("input.h5", "all", &d));
    for (int i = 0; d && i < dataset_count(d) && i < MOST; i++) {
        grey_image image = {0}, mask = {0};
        fuzz_expect_outcome(dataset_read(d, i, MASK_SIZE_MUST_MATCH, &image, &mask));
        grey_image_free(&image);
        grey_image_free(&mask);
    }
    dataset_close(d);
    return 0;
}
