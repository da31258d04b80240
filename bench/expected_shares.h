/* The shares of the FMA peak that the convolutions reached when bench/expected_shares.ini was written, one section for
 * each instruction set, in percent. They tell when a kernel has become slower. */
#ifndef IRST_BENCH_EXPECTED_SHARES_H
#define IRST_BENCH_EXPECTED_SHARES_H

#include "bench/conv_case.h"
#include "core/base/engine.h"
#include "core/base/status.h"

#define EXPECTED_SHARES_FILE "bench/expected_shares.ini"

typedef struct expected_shares expected_shares;

/* Reads EXPECTED_SHARES_FILE, relative to the working folder; without that file nothing is expected. `e`: the engine
 * whose shares are meant. */
status expected_shares_open(const engine *e, expected_shares **out);
void expected_shares_free(expected_shares *e); /* accepts NULL */

/* Threads that the section of the engine's instruction set was measured with, and the processor; 0 if there is no such
 * section. Shares compare only at the same number of threads. */
int expected_shares_threads(const expected_shares *e);
const char *expected_shares_processor(const expected_shares *e);
double expected_share(const expected_shares *e, conv_name name); /* in percent */

/* Replaces one share of the section in use, and notes processor and threads. */
status expected_shares_set(expected_shares *e, conv_name name, double share);
status expected_shares_write(const expected_shares *e);

#endif
