/* Parameters given by a formula, a pure function of their names: those of the golden files. README_formula.txt beside
 * the files defines it. */
#ifndef IRST_TESTS_FORMULA_H
#define IRST_TESTS_FORMULA_H

#include "modules/parameter.h"

void formula_fill(const parameter_set *set);

#endif
