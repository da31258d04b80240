/* An untrained one-stage network, small enough to run in a moment. */
#ifndef IRST_TESTS_TRAIN_TINY_DETECTOR_H
#define IRST_TESTS_TRAIN_TINY_DETECTOR_H

#include "modules/detector.h"

detector *tiny_detector(void); /* fails the test if it cannot be made; free with detector_free */

#endif
