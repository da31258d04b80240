/* The table of the instruction set that this file is compiled for. */
#include "core/kernels/vector.h"

#define QUOTE_(text) #text
#define QUOTE(text) QUOTE_(text)

extern const kernel_table KERNEL(kernel_table);
#ifdef __AVX512F__
extern const kernel_table kernel_table_vnni;
#endif

/* Measured in docs/performance.md: "The forward pass of training takes small tiles". */
#if defined(__AVX2__) && !defined(__AVX512F__)
enum { WINOGRAD_SMALL_LEAST = 64 };
#else
enum { WINOGRAD_SMALL_LEAST = 32 };
#endif

const kernel_table KERNEL(kernel_table) = {
    .name = QUOTE(KERNEL_ISA),
    .winograd_small_least = WINOGRAD_SMALL_LEAST,
#define KERNEL_ENTRY(result, name, parameters) .name = KERNEL(name),
#include "core/tensor/kernels.def"
#undef KERNEL_ENTRY
};

#ifdef __AVX512F__
void conv_byte_rows_vnni(const conv_byte_rows *k, int y0, int y1);

/* The same for processors that have VNNI, too. */
const kernel_table kernel_table_vnni = {
    .name = QUOTE(KERNEL_ISA),
    .has_byte_products = true,
    .winograd_small_least = WINOGRAD_SMALL_LEAST,
#define KERNEL_ENTRY(result, name, parameters) .name = KERNEL(name),
#define BYTE_KERNEL_ENTRY(result, name, parameters) .name = name##_vnni,
#include "core/tensor/kernels.def"
#undef KERNEL_ENTRY
};
#endif
