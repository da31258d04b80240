/* A checkpoint in HDF5, all that a program asks it for. Without the checksum behind the file, as seeds have none: an
 * attacker would write a right one. */
#include "modules/checkpoint.h"
#include "tests/fuzz/fuzzing.h"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed) {
    return fuzz_mutate_hdf5(data, size, room, seed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char path[] = "input.h5";
    detector *d;
    double threshold;
    grey_range range;
    fuzz_write(path, data, size);
    fuzz_expect_outcome(checkpoint_read_threshold(path, &threshold));
    fuzz_expect_outcome(checkpoint_read_range(path, &range));
    fuzz_expect_outcome(checkpoint_load(fuzz_engine(), path, &d));
    detector_free(d);
    return 0;
}
