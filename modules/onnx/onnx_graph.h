/* An ONNX graph that grows node by node, and the model that it becomes.
 *
 * As on the tape, a builder that fails returns NULL and leaves the message, builders take NULL for an input and return
 * NULL, and onnx_graph_write reports the first failure.
 *
 * Thread rule: one thread at a time for each graph; different ones at once. */
#ifndef IRST_MODULES_ONNX_ONNX_GRAPH_H
#define IRST_MODULES_ONNX_ONNX_GRAPH_H

#include "core/base/status.h"

#include <stddef.h>
#include <stdint.h>

enum { ONNX_OPSET = 17, ONNX_IR_VERSION = 8, ONNX_INPUTS = 12, ONNX_ATTRIBUTES = 5, ONNX_RANK = 6 };

typedef struct onnx_graph onnx_graph;
typedef const char *onnx_value; /* its name; owned by the graph */

typedef enum onnx_kind { ONNX_INTEGER, ONNX_LIST, ONNX_REAL, ONNX_TEXT } onnx_kind;

/* One attribute of a node. */
typedef struct onnx_attribute {
    const char *name;
    onnx_kind kind;
    int count; /* of a list */
    int64_t integers[ONNX_RANK];
    float real;
    const char *text;
} onnx_attribute;

onnx_attribute onnx_integer(const char *name, int64_t value);
onnx_attribute onnx_pair(const char *name, int64_t a, int64_t b);
onnx_attribute onnx_list(const char *name, int count, const int64_t *values); /* of at most ONNX_RANK */
onnx_attribute onnx_real(const char *name, float value);
onnx_attribute onnx_text(const char *name, const char *text);

/* An operator of the operator set with its inputs and attributes; each list ends at the first empty entry. An optional
 * input that is left out is onnx_none. */
typedef struct onnx_call {
    const char *type; /* "Conv" */
    onnx_value inputs[ONNX_INPUTS];
    onnx_attribute attributes[ONNX_ATTRIBUTES];
} onnx_call;
extern const char onnx_none[];

status onnx_graph_new(onnx_graph **out);
void onnx_graph_free(onnx_graph *g); /* accepts NULL */

/* Notes a failure, with its message; only the first one counts. */
void onnx_note_failure(onnx_graph *g, status failure);
status onnx_graph_status(const onnx_graph *g); /* the first failure, or STATUS_OK */

/* Memory that lives as long as the graph, zeroed; NULL with a noted failure. */
void *onnx_keep(onnx_graph *g, size_t bytes);
/* A printf format; NULL with a noted failure. */
const char *onnx_named(onnx_graph *g, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What is recorded from now on: nodes are named SCOPE/TYPE. */
void onnx_scope(onnx_graph *g, const char *scope);
/* A node with one output, which is returned. */
onnx_value onnx_apply(onnx_graph *g, onnx_call call);
/* Gives the value the name of the scope, or one that begins so where that is taken; returns the new name. The value is
 * that of the last node, or keeps its name. */
onnx_value onnx_name_result(onnx_graph *g, onnx_value value);

/* Constants; one of a name that there is already is that one. `values` are not copied, and must outlive the graph. */
onnx_value onnx_floats(onnx_graph *g, const char *name, int rank, const int *shape, const float *values);
onnx_value onnx_number(onnx_graph *g, float value);                        /* of shape 1 */
onnx_value onnx_integers(onnx_graph *g, int count, const int64_t *values); /* a vector; copied */
onnx_value onnx_index(onnx_graph *g, int64_t value);                       /* a scalar */

/* A dimension of the model's input or output: a number, or a symbol that stands for any. */
typedef struct onnx_dimension {
    const char *symbol; /* NULL: the number */
    int64_t size;
} onnx_dimension;

/* Declares float tensors of four dimensions. */
onnx_value onnx_input(onnx_graph *g, const char *name, const onnx_dimension shape[4]);
/* Gives the value, that of the last node, its name, too. */
void onnx_output(onnx_graph *g, onnx_value value, const char *name, const onnx_dimension shape[4]);

typedef struct onnx_note {
    const char *key, *value;
} onnx_note;

/* Writes the graph as a model with the notes as its metadata_props; replaces the file atomically. */
status onnx_graph_write(onnx_graph *g, const char *name, const char *description, const onnx_note *notes,
                        int note_count, const char *path);

#endif
