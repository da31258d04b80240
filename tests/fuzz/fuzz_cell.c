/* The file of a cell: one that is read back gives figures, and can be written and read again. */
#include "eval/experiments/cell.h"
#include "eval/measure/metric_table.h"
#include "tests/fuzz/fuzzing.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char path[] = "cell.json", key[] = "key";
    cell c, again;
    fuzz_write(path, data, size);
    if (!cell_read(path, key, &c))
        return 0;
    metrics sum = c.counts;
    metrics_merge(&sum, &c.counts);
    for (int id = 0; id < METRICS; id++)
        metric_shown((metric_id)id, &sum);
    fuzz_expect(cell_write(path, key, &c) == STATUS_OK && cell_read(path, key, &again), "cannot be read again");
    fuzz_expect(!memcmp(&c, &again, sizeof c), "another value");
    return 0;
}
