/* What the tests of the unrolled networks share. */
#ifndef IRST_TESTS_MODULES_UNROLLED_CHECKS_H
#define IRST_TESTS_MODULES_UNROLLED_CHECKS_H

#include "modules/detector.h"

/* Images of one pixel, one row, one column and an odd size give finite maps. */
void check_any_image_size(detector *d);

/* Every number of the parameter, which must be there. */
void fill_parameter(detector *d, const char *name, float value);

#endif
