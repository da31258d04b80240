/* The table of the instruction set that this file is compiled for. */
#include "core/kernels/vector.h"

#define QUOTE_(text) #text
#define QUOTE(text) QUOTE_(text)

extern const kernel_table KERNEL(kernel_table);

const kernel_table KERNEL(kernel_table) = {
    .name = QUOTE(KERNEL_ISA),
#define KERNEL_ENTRY(result, name, parameters) .name = KERNEL(name),
#include "core/tensor/kernels.def"
#undef KERNEL_ENTRY
};
