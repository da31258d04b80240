/* A check for each entry of kernels.def, called with one instruction set's table; a kernel without one does not link.
 * Expected values are plain loops in double, so that the portable set is checked as the others are. */
#ifndef IRST_TESTS_CORE_TENSOR_KERNEL_CHECKS_H
#define IRST_TESTS_CORE_TENSOR_KERNEL_CHECKS_H

#include "core/tensor/kernels.h"

#define FLOAT_ROUNDING 0x1p-24

typedef void kernel_check(const kernel_table *set);

#define KERNEL_ENTRY(result, name, parameters) kernel_check check_##name;
#include "core/tensor/kernels.def"
#undef KERNEL_ENTRY

/* |got - expected| is at most a few roundings of `size`, the sum of the magnitudes of its terms. */
void expect_near(double got, double expected, double size, const char *what, const kernel_table *set);

#endif
