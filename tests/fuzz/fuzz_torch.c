/* A checkpoint of PyTorch, zip or legacy, and the network made of it. Entries of a zip file that were changed get their
 * checksums anew. */
#include "modules/torch/torch_import.h"
#include "tests/fuzz/fuzzing.h"

#include <string.h>
#include <zlib.h>

static uint32_t little_endian(const uint8_t *at) {
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void put_sum(uint8_t *at, unsigned long sum) {
    for (size_t i = 0; i < 4; i++)
        at[i] = (uint8_t)(sum >> (8 * i));
}

/* Of the entry whose record in the directory begins at `record`: in both places. */
static void mend_entry(uint8_t *data, size_t size, uint8_t *record) {
    enum { HEADER = 30, RECORD_SUM = 16, HEADER_SUM = 14 };
    size_t stored = little_endian(record + 20), header = little_endian(record + 42);
    if (header > size || size - header < HEADER)
        return;
    uint8_t *local = data + header;
    size_t names = (size_t)(local[26] | local[27] << 8) + (size_t)(local[28] | local[29] << 8);
    size_t content = header + HEADER + names;
    if (content > size || stored > size - content)
        return;
    unsigned long sum = crc32_z(0, data + content, stored);
    put_sum(record + RECORD_SUM, sum);
    put_sum(local + HEADER_SUM, sum);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed) {
    enum { LEFT_WRONG = 16 /* one of so many */, RECORD = 46 };
    size = LLVMFuzzerMutate(data, size, room);
    for (size_t at = 0; seed % LEFT_WRONG && at + RECORD <= size; at++)
        if (!memcmp(data + at, "PK\1\2", 4))
            mend_entry(data, size, data + at);
    return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    detector *d;
    fuzz_write("input.pkl", data, size);
    fuzz_expect_outcome(torch_import(fuzz_engine(), "input.pkl", &d));
    detector_free(d);
    return 0;
}
