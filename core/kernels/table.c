/* The table of the instruction set that this file is compiled for. */
#include "core/kernels/vector.h"

#define QUOTE_(text) #text
#define QUOTE(text) QUOTE_(text)

extern const kernel_table KERNEL(kernel_table);

const kernel_table KERNEL(kernel_table) = {
    .name = QUOTE(KERNEL_ISA),
    .conv_rows = KERNEL(conv_rows),
    .winograd_rows = KERNEL(winograd_rows),
    .winograd_scratch = KERNEL(winograd_scratch),
    .winograd_weight_rows = KERNEL(winograd_weight_rows),
    .winograd_padded = KERNEL(winograd_padded),
    .conv_weight_rows = KERNEL(conv_weight_rows),
    .plane_affine = KERNEL(plane_affine),
    .plane_combine = KERNEL(plane_combine),
    .plane_product = KERNEL(plane_product),
    .plane_moments = KERNEL(plane_moments),
    .plane_sum = KERNEL(plane_sum),
    .plane_dot = KERNEL(plane_dot),
    .plane_norm_total = KERNEL(plane_norm_total),
    .plane_norm_mask = KERNEL(plane_norm_mask),
    .plane_norm_sums = KERNEL(plane_norm_sums),
    .plane_norm_backward = KERNEL(plane_norm_backward),
    .plane_relu_backward = KERNEL(plane_relu_backward),
    .max_pool_row = KERNEL(max_pool_row),
    .plane_peak = KERNEL(plane_peak),
    .row_mean_max = KERNEL(row_mean_max),
    .row_mean_max_backward = KERNEL(row_mean_max_backward),
    .fma_peak = KERNEL(fma_peak),
};
