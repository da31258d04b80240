/* The list of a split, alone and as that of a data set of one image. */
#include "datasets/dataset.h"
#include "tests/fuzz/fuzzing.h"

#include <string.h>

static void check_names(const name_list *list) {
    for (int i = 0; i < list->count; i++) {
        const char *name = list->names[i];
        size_t length = strlen(name);
        fuzz_expect(length > 0 && !strpbrk(name, "\n") && name[0] != ' ' && name[length - 1] != '\r',
                    "a name's blanks");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    name_list list, faults = {0};
    dataset *d = NULL;
    fuzz_make_set("set", 1, 1);
    fuzz_write("set/test.txt", data, size);
    status code = name_list_read("set/test.txt", &list);
    fuzz_expect_outcome(code);
    check_names(&list);
    name_list_free(&list);
    fuzz_expect_outcome(dataset_open_faulty("set", "test", &faults, &d));
    for (int i = 0; d && i < dataset_count(d); i++)
        fuzz_expect(!strstr(dataset_sample_name(d, i), ".."), "a name that leaves the set");
    dataset_close(d);
    name_list_free(&faults);
    return 0;
}
