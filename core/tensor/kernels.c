#include "core/tensor/kernels.h"

#include <string.h>

extern const kernel_table kernel_table_portable;
#ifdef KERNEL_X86
extern const kernel_table kernel_table_avx2;
extern const kernel_table kernel_table_avx512;
extern const kernel_table kernel_table_vnni;
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
        return __builtin_cpu_supports("avx512vnni") ? &kernel_table_vnni : &kernel_table_avx512;
#endif
    return NULL;
}

status kernels_choose(const char *name, const kernel_table **out) {
    static const char *const best_first[] = {"avx512", "avx2", "portable"};
    *out = name ? kernels_named(name) : NULL;
    for (int i = 0; !name && !*out && i < 3; i++)
        *out = kernels_named(best_first[i]);
    return *out ? STATUS_OK
                : status_fail(STATUS_USAGE,
                              "no instruction set '%s' (the option isa, or IRST_ISA in the environment): expected "
                              "portable, avx2 or avx512, as far as this machine has them",
                              name);
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
