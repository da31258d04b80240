/* Rewriting: before it lays out memory, tape_plan replaces patterns of plain operations by fused ones (fused/), which
 * give the same values and gradients in less time or memory. Networks record plain operations only; the same mechanism
 * serves training and inference.
 *
 * A pattern is a function of the last node of what it looks for. That node becomes the fused operation, in place, so
 * that pointers to it stay good; what nothing reads any more is dropped. rewrite.def lists the patterns in order: each
 * of them tries all nodes, from first to last, before the next one does.
 *
 * Thread rule: as tape.h; patterns are constant. */
#ifndef IRST_AUTOGRAD_TAPE_REWRITE_H
#define IRST_AUTOGRAD_TAPE_REWRITE_H

#include "autograd/ops.h"

/* Rewrites what ends with `last`, if it fits. */
#define PATTERN(name) void pattern_##name(tape *t, node *last);
#include "autograd/rewrite.def"
#undef PATTERN

#define OP(name) extern const op op_##name;
#include "autograd/ops.def"
#undef OP

/* Whether `n` is the result of such an operation and may vanish into what ends with `last`: only `readers` inputs of
 * others take it, nobody outside asked for it, and no border of segments (tape_end_segment) lies between. */
bool rewrite_is_inner(const tape *t, const node *n, const op *operation, int readers, const node *last);

/* Makes `last` the result of another operation on other inputs, of the same shape. */
void rewrite_as(tape *t, node *last, const op *operation, const void *options, size_t options_size, int input_count,
                node *const *inputs);

/* For tests, before tape_plan: it then rewrites nothing. */
void tape_leave_plain(tape *t);

#endif
