/* The floating-point peak of the processor, measured: the yardstick for convolutions.
 *
 * Thread rule: the caller's of its engine (engine.h); it runs on all threads of the engine. */
#ifndef IRST_CORE_TENSOR_PEAK_H
#define IRST_CORE_TENSOR_PEAK_H

#include "core/base/engine.h"

/* FLOP/s of float32 multiply-adds in registers, with the engine's instruction set and threads: the best of
 * short samples taken over `seconds`, at least one. A sample takes about a millisecond. */
double peak_flops(engine *e, double seconds);

#endif
