/* What the programs that compare with golden files share. */
#ifndef IRST_TESTS_GOLDEN_H
#define IRST_TESTS_GOLDEN_H

#include "core/base/status.h"
#include "core/io/hdf5_io.h"
#include "modules/detector.h"
#include "tests/deviation.h"

#include <stdbool.h>
#include <stddef.h>

/* Runs `check(ARGUMENTS...)` of a program that takes exactly `count` arguments: 0 all well, 1 a deviation, a bad file
 * or nothing compared (one line on stderr), 2 wrong usage. *wrong counts deviations beyond their limits. */
int golden_main(int argc, char **argv, int count, const char *usage, status (*check)(char **arguments, int *wrong));

/* Prints "what: deviation (limit)" and counts a violation. A deviation that is not a number is one. */
void golden_limit(const char *what, double deviation, double limit, int *wrong);

/* A detector with some options set, model.name among them: pairs of key and value, ended by NULL. */
status golden_detector(const char *const *options, detector **out);

/* Reads `group`/NAME of every parameter and statistic of the detector. */
status golden_read_parameters(const h5_file *file, const char *group, detector *d);

/* Reads a whole dataset as `type` into new memory, freed by the caller; *count elements. */
status golden_read(const h5_file *file, const char *dataset, h5_type type, void **out, size_t *count);

/* Largest absolute difference and largest magnitude of the reference. NaN anywhere gives NaN. */
double golden_difference(const float *ours, const float *theirs, size_t count, double *largest);

#endif
