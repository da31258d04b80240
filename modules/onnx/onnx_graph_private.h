/* A graph from the inside: shared by onnx_graph.c and onnx_model.c.
 *
 * Thread rule: as onnx_graph.h. */
#ifndef IRST_MODULES_ONNX_ONNX_GRAPH_PRIVATE_H
#define IRST_MODULES_ONNX_ONNX_GRAPH_PRIVATE_H

#include "modules/onnx/onnx_graph.h"

#include <onnx.pb-c.h>

/* All that the messages point to, but for the long lists and the weights. */
typedef struct onnx_chunk {
    struct onnx_chunk *next;
    max_align_t data[];
} onnx_chunk;

struct onnx_graph {
    Onnx__GraphProto proto; /* owns its lists `node` and `initializer`, by realloc */
    const char *scope;
    onnx_chunk *chunks;
    status failure;
    char failure_message[512];
};

#endif
