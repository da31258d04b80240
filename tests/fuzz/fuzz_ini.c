/* The configuration of a training: what is read can be written, and read again with the same values. */
#include "tests/fuzz/fuzzing.h"
#include "train/train_config.h"

#include <stdio.h>
#include <string.h>

static void compare(const config *a, const config *b) {
    fuzz_expect(config_count(a) == config_count(b), "another number of keys");
    for (int i = 0; i < config_count(a); i++) {
        const char *name = config_key_at(a, i)->name;
        fuzz_expect(!strcmp(config_value(a, name), config_value(b, name)), "another value");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    config *c = NULL, *again = NULL;
    fuzz_write("input.ini", data, size);
    status code = train_config_read("input.ini", NULL, 0, &c);
    fuzz_expect_outcome(code);
    if (code != STATUS_OK)
        return 0;
    FILE *stream = fopen("again.ini", "w");
    fuzz_expect(stream && config_write(c, stream) == STATUS_OK && fclose(stream) == 0, "cannot be written");
    fuzz_expect(train_config_read("again.ini", NULL, 0, &again) == STATUS_OK, "cannot be read again");
    compare(c, again);
    config_free(again);
    config_free(c);
    return 0;
}
