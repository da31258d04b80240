/* Networks without a checkpoint. */
#ifndef IRST_TESTS_MODULES_FORMULA_NETWORK_H
#define IRST_TESTS_MODULES_FORMULA_NETWORK_H

#include "modules/detector.h"

/* The method with its options but for one, "model.channels=1" (NULL: none), and the parameters of formula.h. Runs on
 * test_engine; free with detector_free. */
status formula_network(const char *method, const char *setting, detector **out);

#endif
