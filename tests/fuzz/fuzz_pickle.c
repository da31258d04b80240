/* The pickle inside a PyTorch checkpoint, without the file around it. */
#include "modules/torch/unpickle.h"
#include "tests/fuzz/fuzzing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    pickle *p;
    status code = pickle_read(data, size, &p);
    fuzz_expect_outcome(code);
    if (code == STATUS_OK) {
        const pickle_value *root = pickle_root(p);
        if (root->kind == PICKLE_DICT)
            pickle_dict_find(root, "state_dict");
        pickle_find_storage(p, "0");
    }
    pickle_free(p);
    return 0;
}
