/* Running two convolutions of a chain in one pass over the image, for inference (core/conv/conv_stream.h). */
#ifndef IRST_AUTOGRAD_FUSED_STREAM_H
#define IRST_AUTOGRAD_FUSED_STREAM_H

#include "autograd/tape.h"

/* Pairs up, from the front of every chain, convolutions of which nothing but the second reads the first, where that
 * pays. After tape_fold_batch_norms and tape_pin, before tape_plan, on tapes without loss. */
void tape_stream_convs(tape *t);

#endif
