#include "core/tensor/kernels.h"

#include <stdlib.h>
#include <string.h>

extern const kernel_table kernel_table_portable;
#ifdef KERNEL_X86
extern const kernel_table kernel_table_avx2;
extern const kernel_table kernel_table_avx512;
#endif

const kernel_table *kernels_named(const char *name) {
    if (!strcmp(name, "portable"))
        return &kernel_table_portable;
#ifdef KERNEL_X86
    __builtin_cpu_init();
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
    if (!strcmp(name, "avx2") && avx2)
        return &kernel_table_avx2;
    if (!strcmp(name, "avx512") && avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd"))
        return &kernel_table_avx512;
#endif
    return NULL;
}

const kernel_table *kernels(void) {
    static const kernel_table *chosen;
    const kernel_table *table = __atomic_load_n(&chosen, __ATOMIC_ACQUIRE);
    if (table)
        return table;
    static const char *const best_first[] = {"avx512", "avx2", "portable"};
    const char *wanted = getenv("IRST_ISA");
    if (wanted)
        table = kernels_named(wanted);
    for (int i = 0; !table && i < 3; i++)
        table = kernels_named(best_first[i]);
    __atomic_store_n(&chosen, table, __ATOMIC_RELEASE);
    return table;
}

status kernels_check(void) {
    const char *wanted = getenv("IRST_ISA");
    if (wanted && !kernels_named(wanted))
        return status_fail(STATUS_USAGE,
                           "IRST_ISA=%s: expected portable, avx2 or avx512, as far as this machine has them", wanted);
    return STATUS_OK;
}

static size_t blocks_of(int channels) {
    return ((size_t)channels + CONV_BLOCK - 1) / CONV_BLOCK;
}

size_t conv_packed_count(int oc, int ic, int kh, int kw) {
    return blocks_of(oc) * CONV_BLOCK * (size_t)ic * (size_t)kh * (size_t)kw;
}

void conv_pack_weights(const float *weight, int oc, int ic, int kh, int kw, bool transposed, float *packed) {
    int taps = kh * kw;
    int outputs = transposed ? ic : oc, inputs = transposed ? oc : ic;
    for (int block = 0; block < outputs; block += CONV_BLOCK)
        for (int i = 0; i < inputs; i++)
            for (int tap = 0; tap < taps; tap++)
                for (int o = block; o < block + CONV_BLOCK; o++)
                    *packed++ = o >= outputs ? 0
                                : transposed ? weight[((ptrdiff_t)i * ic + o) * taps + taps - 1 - tap]
                                             : weight[((ptrdiff_t)o * ic + i) * taps + tap];
}
