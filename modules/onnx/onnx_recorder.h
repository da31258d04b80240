/* From a tape to an ONNX graph: operation by operation, by the table onnx_ops.def.
 *
 * A tape has the sizes of one image; the graph takes any. So the network is recorded for several sizes, and where an
 * operation needs a size (resizing, patches), the graph takes it at run time from a value that has the same size in all
 * of these recordings.
 *
 * Thread rule: one thread at a time for each recorder, which only reads the tapes. */
#ifndef IRST_MODULES_ONNX_ONNX_RECORDER_H
#define IRST_MODULES_ONNX_ONNX_RECORDER_H

#include "autograd/ops.h"
#include "modules/onnx/onnx_graph.h"
#include "modules/parameter.h"

#include <stdbool.h>

enum { ONNX_RECORDINGS = 4 };

/* One network, recorded for several sizes, each node at the same place on all tapes; or for a single one, and then the
 * graph is for images of this size alone. The tapes are not planned. */
typedef struct onnx_recordings {
    int count; /* ONNX_RECORDINGS, or 1 */
    tape *tapes[ONNX_RECORDINGS];
    const node *image; /* a leaf of the first one; all its other leaves without parameters are zero */
    const node *logit; /* what the graph computes */
} onnx_recordings;

typedef struct onnx_recorder {
    onnx_graph *graph;
    const onnx_recordings *from;
    const parameter_set *parameters;
    onnx_value *values;   /* of each node of the first tape; NULL: none yet */
    onnx_value *sizes;    /* rows and columns of each as two integers; NULL: not asked for yet */
    const node **readers; /* of each the last operation that takes it, among those that the logit depends on; or NULL */
    int *reader_counts;
} onnx_recorder;

/* Records all that the logit depends on, for an image that is the value `image`. A node is named as `name_of` says, or,
 * where it says NULL, after its layer or its operation. Returns the logit; NULL with a failure noted in the graph:
 * STATUS_USAGE for an operation that has no line in onnx_ops.def, as those of training. */
onnx_value onnx_record(onnx_graph *g, const onnx_recordings *from, const parameter_set *parameters, onnx_value image,
                       const char *(*name_of)(const void *context, const node *n), const void *context);

/* --- for the functions of the table --- */

/* The value of a node. That of one of onnx_is_zero is made of the image, whose shape it must have; NULL with a noted
 * failure. */
onnx_value onnx_value_of(const onnx_recorder *r, const node *n);

/* Whether the node is a leaf that nobody fills: sums do without it. */
bool onnx_is_zero(const onnx_recorder *r, const node *n);

const parameter *onnx_parameter_of(const onnx_recorder *r, const node *n); /* NULL: it is none */

/* Whether `n` is a convolution with weights of its own that vanishes into the batch norm that alone reads it. */
bool onnx_is_folded(const onnx_recorder *r, const node *n);

/* Whether all sizes are known. */
bool onnx_is_fixed(const onnx_recorder *r);

/* Rows and columns of the value of `n` at run time, as a vector of two integers; `n` itself need not have a value yet.
 */
onnx_value onnx_size_of(onnx_recorder *r, const node *n);

/* --- the table --- */

typedef onnx_value (*onnx_operation)(onnx_recorder *r, const node *n);

#define ONNX(operation, function) onnx_value function(onnx_recorder *r, const node *n);
#include "modules/onnx/onnx_ops.def"
#undef ONNX

#endif
