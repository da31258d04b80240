/* The floating-point peak of the processor, measured: the yardstick for convolutions. */
#ifndef IRST_CORE_TENSOR_PEAK_H
#define IRST_CORE_TENSOR_PEAK_H

/* FLOP/s of float32 multiply-adds in registers, with the instruction set and the number of threads in use: the best of
 * short samples taken over `seconds`, at least one. A sample takes about a millisecond. */
double peak_flops(double seconds);

#endif
