/* Some steps of training on two small images. */
#ifndef IRST_TESTS_MODULES_DESCENT_H
#define IRST_TESTS_MODULES_DESCENT_H

#include "modules/detector.h"

/* Trains by steps against the signs of the gradients, on the published loss in the last phase, and fails unless it
 * falls by a share of `fall`. */
void expect_descent(detector *d, double fall);

#endif
