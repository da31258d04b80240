/* The ini of an experiment and, by the first byte, that of published figures. */
#include "eval/experiments/experiment.h"
#include "eval/experiments/noise_experiment.h"
#include "eval/experiments/published.h"
#include "tests/fuzz/fuzzing.h"

#include <string.h>

static void read_published(void) {
    published *p;
    status code = published_read("input.ini", &p);
    fuzz_expect_outcome(code);
    if (code != STATUS_OK)
        return;
    for (int i = 0; i < 4; i++)
        published_value(p, "table", "a/b", i);
    published_note(p, "table", 1);
    published_free(p);
}

static void read_experiment(void) {
    static const char *const overrides[] = {"evaluate.threads=1"};
    experiment *e;
    status code = experiment_read("input.ini", overrides, 1, noise_keys, noise_key_count, &e);
    fuzz_expect_outcome(code);
    if (code != STATUS_OK)
        return;
    fuzz_expect(e->data_count > 0 && e->method_count > 0 && e->seed_count > 0, "an empty experiment");
    for (int m = 0; m < e->method_count; m++)
        for (int d = 0; d < e->data_count; d++)
            fuzz_expect(!strchr(e->methods[m].name, '/') && !strchr(e->data[d].name, '/'), "a name that is a path");
    fuzz_expect_outcome(noise_check(e));
    experiment_free(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    fuzz_make_set("set", 1, 1);
    fuzz_write("input.ini", data + 1, size - 1);
    if (data[0] % 2)
        read_published();
    else
        read_experiment();
    return 0;
}
