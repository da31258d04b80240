/* Every kernel of kernels.def with every instruction set that this processor has: kernel_checks.h. */
#include "tests/core/tensor/kernel_checks.h"
#include "tests/expect.h"

#include <stdio.h>

typedef struct kernel_case {
    kernel_check *check;
    const kernel_table *set;
    char name[64];
} kernel_case;

static void run_check(void **state) {
    const kernel_case *c = *state;
    c->check(c->set);
}

int main(void) {
    static const struct {
        const char *name;
        kernel_check *check;
    } kernels_of_all[] = {
#define KERNEL_ENTRY(result, name, parameters) {#name, check_##name},
#include "core/tensor/kernels.def"
#undef KERNEL_ENTRY
    };
    static const char *const sets[] = {"portable", "avx2", "avx512"};
    enum { KERNELS = sizeof kernels_of_all / sizeof *kernels_of_all, SETS = sizeof sets / sizeof *sets };
    static kernel_case cases[SETS * KERNELS];
    static struct CMUnitTest tests[SETS * KERNELS];
    size_t count = 0;
    for (int s = 0; s < SETS; s++)
        for (int k = 0; k < KERNELS && kernels_named(sets[s]); k++) {
            kernel_case *c = &cases[count];
            *c = (kernel_case){kernels_of_all[k].check, kernels_named(sets[s]), ""};
            snprintf(c->name, sizeof c->name, "%s, %s", kernels_of_all[k].name, sets[s]);
            tests[count++] = (struct CMUnitTest){c->name, run_check, NULL, NULL, c};
        }
    return _cmocka_run_group_tests("kernels", tests, count, NULL, NULL);
}
