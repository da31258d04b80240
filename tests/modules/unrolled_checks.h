/* What the tests of the unrolled networks share. */
#ifndef IRST_TESTS_MODULES_UNROLLED_CHECKS_H
#define IRST_TESTS_MODULES_UNROLLED_CHECKS_H

#include "modules/detector.h"
#include "modules/tensor_options.h"

typedef struct option_value {
    const char *key;
    int value;
} option_value;

/* The network of that name, untrained. */
detector *unrolled_network(const char *name, const char *stages, const char *channels);

/* Images of one pixel, one row, one column and an odd size give finite maps. */
void check_any_image_size(detector *d);

/* Every number of the parameter, which must be there. */
void fill_parameter(detector *d, const char *name, float value);

/* An image of STAGES_SIDE x STAGES_SIDE, and what a network of two stages without N makes of it: maps->stages are B, T,
 * D of the first, then of the second. The image is the same each time. */
enum { STAGES_SIDE = 24, STAGES_PIXELS = STAGES_SIDE * STAGES_SIDE };
const float *run_two_stages(detector *d, detector_maps *maps);

/* With epsilon = 0, which this sets, each of two stages leaves T^k = T^{k-1} + D^{k-1} - B^k, and the last T is the
 * logit. */
void check_stages_without_shrinkage(detector *d);

/* The options that a checkpoint's tensors tell: the method and `options`, which end in a NULL key. */
void check_options_from_tensors(const named_shape *tensors, int count, const char *name, const option_value *options);

/* Of tensors whose layer `missing` is not among them. */
void check_missing_tensor(const named_shape *tensors, int count, const char *missing);

#endif
