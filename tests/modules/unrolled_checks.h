/* What the tests of the unrolled networks share. */
#ifndef IRST_TESTS_MODULES_UNROLLED_CHECKS_H
#define IRST_TESTS_MODULES_UNROLLED_CHECKS_H

#include "modules/detector.h"
#include "modules/tensor_options.h"

typedef struct option_value {
    const char *key;
    int value;
} option_value;

/* Images of one pixel, one row, one column and an odd size give finite maps. */
void check_any_image_size(detector *d);

/* Every number of the parameter, which must be there. */
void fill_parameter(detector *d, const char *name, float value);

/* The options that a checkpoint's tensors tell: the method and `options`, which end in a NULL key. */
void check_options_from_tensors(const named_shape *tensors, int count, const char *name, const option_value *options);

/* Of tensors whose layer `missing` is not among them. */
void check_missing_tensor(const named_shape *tensors, int count, const char *missing);

#endif
