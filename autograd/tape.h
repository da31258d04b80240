/* The tape: records operations once, then replays them forward and backward as often as wanted.
 *
 * Recording (the builders of ops.h) infers shapes and computes nothing. tape_plan first puts fused operations in the
 * place of those that run faster together (tape_rewrite.h). Then it lays out memory: it knows for every value the last
 * operation that reads it, forward or backward, and gives the same planes to values whose lifetimes do not overlap.
 * After that a step allocates nothing.
 *
 * Values that backward reads would live from the forward pass on. A tape cut into segments may instead keep only those
 * that cross from one segment to another and compute the others again when backward reaches the segment: less memory
 * for one more forward pass, and the same bits. What is cheap (op.is_cheap) it always computes again.
 *
 * A builder that fails returns NULL and leaves the message; builders take NULL for an input and return NULL, so a
 * network is written without checks, and tape_plan reports the first failure.
 *
 * Thread rule: a tape is recorded and run by one thread at a time, and no other tape on its engine meanwhile; tapes on
 * different engines at once. */
#ifndef IRST_AUTOGRAD_TAPE_H
#define IRST_AUTOGRAD_TAPE_H

#include "core/base/engine.h"
#include "core/base/parallel.h"
#include "core/base/status.h"
#include "core/tensor/tensor.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NODE_INPUTS = 30 }; /* at most: READS_OUTPUT is bit NODE_INPUTS of an int */

typedef struct tape tape;
typedef struct node node;
typedef struct op op;
struct plane_band;

/* One value on the tape: a leaf (input or parameter) or the result of an operation. */
struct node {
    const op *op; /* NULL for a leaf */
    int index;    /* place on the tape */
    node *input[NODE_INPUTS];
    int input_count;
    tensor value;
    tensor grad;            /* data is NULL where no gradient is needed */
    bool requires_grad;     /* a trained leaf, or depends on one */
    const void *options;    /* the operation's own struct, owned by the tape */
    void *saved;            /* what forward keeps for backward besides values, owned by the tape */
    size_t saved_count;     /* floats */
    void *prepared;         /* by op.prepare, owned by the tape */
    struct node_plan *plan; /* what the tape knows of it (tape_internal.h) */
};

/* What a run of an operation may use besides its node. */
typedef struct op_run {
    engine *engine;
    void *scratch; /* op.scratch(engine, node) floats */
    /* Forward, a second time in this step: node.saved is there, and there must be no side effects (running statistics
     * stay). */
    bool is_recomputation;
} op_run;

/* What backward reads; the planner keeps those values alive. */
enum { READS_INPUT_0 = 1, READS_INPUT_1 = 2, READS_INPUT_2 = 4, READS_OUTPUT = 1 << NODE_INPUTS };

struct op {
    const char *name;
    /* Sets node->value (shape), saved_count; fails with a message if the shapes do not fit. */
    status (*infer_shape)(node *n);
    /* When the tape is planned: makes node->prepared, choices that all runs share; NULL: none. */
    status (*prepare)(tape *t, node *n);
    void (*forward)(node *n, const op_run *run);
    /* Adds the gradient of every input that has one: see node_grad. */
    void (*backward)(node *n, const op_run *run);
    /* Of operations that go plane by plane: forward and backward are then those of shared/planes.h. */
    void (*forward_plane)(const worker *w, void *n, int plane);
    void (*backward_plane)(const worker *w, void *target, int plane);
    /* The same of elementwise operations, that go by bands of rows: shared/bands.h. */
    void (*forward_band)(const worker *w, void *n, const struct plane_band *band);
    void (*backward_band)(const worker *w, void *target, const struct plane_band *band);
    int backward_reads;                                /* a sum of READS_ */
    int (*backward_reads_of)(const node *n);           /* NULL, or such a sum where it depends on the node */
    size_t (*scratch)(const engine *e, const node *n); /* floats; NULL: none */
    /* Whether the value is computed again for backward rather than kept, as in a tape that recomputes all: because that
     * takes little time beside its memory; NULL: no. */
    bool (*is_cheap)(const node *n);
    /* Whether forward may write the value into the memory of input 0: the tape does so where nobody reads that again.
     */
    bool works_in_place;
    bool gathers_moments; /* forward gathers them where they were asked for (norm.h) */
    /* Floating-point operations of forward, a multiply-add as two, however it computes them; NULL: too few to count. */
    double (*flops)(const node *n);
    /* Number `index` of the operation's examples on leaves of its own, for value, gradient and speed tests; NULL
     * after the last. */
    node *(*sample)(tape *t, int index);
};

/* --- recording --- */

/* `e` runs it, and must outlive it. `batch`: largest batch. */
status tape_new(engine *e, int batch, tape **out);
void tape_free(tape *t); /* accepts NULL */

/* A leaf that the caller fills: images, masks. If n is the tape's batch, tape_set_batch shortens this leaf and all that
 * is made of it. */
node *tape_input(tape *t, int n, int c, int h, int w);
/* A dense leaf over memory of the caller's. `grad` NULL: not trained. Backward adds to grad. */
node *tape_parameter(tape *t, int n, int c, int h, int w, float *value, float *grad);
/* A leaf whose gradient is wanted, memory by the tape: for tests. dense selects the layout. */
node *tape_variable(tape *t, int n, int c, int h, int w, bool dense);

/* The first failure since tape_new, or STATUS_OK: for whoever reads a node that may be NULL before the tape is planned.
 */
status tape_recorded(const tape *t);
/* Notes a failure, with its message, for tape_recorded and tape_plan; only the first one counts. */
void tape_note_failure(tape *t, status failure);

/* Called by the builders: a node of `op` on the inputs, with a copy of its options. */
node *tape_record(tape *t, const op *operation, const void *options, size_t options_size, int input_count,
                  node *const *inputs);

/* Ends a segment: the nodes recorded since the last call. Few and small values should cross from one to another. */
void tape_end_segment(tape *t);
/* Before tape_plan with a loss: whether values inside segments are computed again in backward rather than kept. */
void tape_set_recompute(tape *t, bool recompute);

/* Before tape_plan with a loss: whether convolutions that a backward pass follows may round as much as those of
 * inference do (conv_options.exact), which is faster. */
void tape_set_fast(tape *t, bool fast);

/* Before tape_plan without a loss: the output of the ReLU after the convolution with these weights may be rounded to 8
 * bits: channel c to one of 256 numbers from 0 to ranges[c]; larger values become ranges[c]. `ranges` are the upper
 * ends of all C channels, each above 0, then their C means; they are not copied and must outlive the tape. Used only
 * where the processor multiplies bytes. */
void tape_set_ranges(tape *t, node *weight, const float *ranges);
bool tape_rounds(const node *weight); /* after tape_plan: whether it is, somewhere on the tape */

void tape_pin(tape *t, node *n); /* an output whose value is read after forward; n may be NULL */

/* --- running --- */

/* Lays out memory. `loss`: the scalar that backward starts from; NULL for inference. STATUS_USAGE for a tape that is
 * planned already, and for a loss of several numbers. */
status tape_plan(tape *t, node *loss);
/* Later runs take the first `n` images only, 1 to those that the tape was made for (asserted). */
void tape_set_batch(tape *t, int n);
void tape_forward(tape *t);
void tape_backward(tape *t); /* once after each forward; a tape planned with a loss (both asserted) */

/* Who is told, during backward, that nothing more will be added to the gradient of a parameter: `count` floats. Each
 * once, in an order that is the same in every backward pass. */
typedef struct gradient_listener {
    void (*is_complete)(void *context, float *grad, size_t count);
    void *context;
} gradient_listener;
/* After tape_plan: whether backward passes write this gradient of a parameter. They do not where the loss does not
 * depend on it. */
bool tape_writes_gradient(const tape *t, const float *grad);
/* After tape_plan, for the backward passes to come; the listener is copied, NULL: nobody. */
void tape_tell_gradients(tape *t, const gradient_listener *listener);

/* Whether something else may be added to the gradient of input i: that of other readers, or of earlier steps where it
 * is a dense leaf's. */
bool node_grad_adds_up(const node *n, int i);

/* The gradient to write for input i of n: NULL if none is wanted. *accumulate: add to it, else overwrite. Call once
 * per input, just before writing. */
const tensor *node_grad(node *n, int i, bool *accumulate);

int tape_node_count(const tape *t);
node *tape_node(const tape *t, int index);
int64_t tape_memory(const tape *t); /* bytes of values, gradients and scratch */
double tape_flops(const tape *t);   /* of tape_forward, once planned; see op.flops */

#endif
