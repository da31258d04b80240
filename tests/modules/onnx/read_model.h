/* A model that was written as ONNX, read back by the format's schema, and whether it is sound by the format's rules. */
#ifndef IRST_TESTS_MODULES_ONNX_READ_MODEL_H
#define IRST_TESTS_MODULES_ONNX_READ_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <onnx.pb-c.h>

/* The caller frees it. */
Onnx__ModelProto *read_model(const char *path);
void free_model(Onnx__ModelProto *model);

/* NULL where there is none of that name. */
const Onnx__TensorProto *find_constant(const Onnx__GraphProto *g, const char *name);
const char *note_of(const Onnx__ModelProto *model, const char *key);

/* The first `count` nodes have an output of that name. */
bool is_computed(const Onnx__GraphProto *g, size_t count, const char *name);
int count_nodes(const Onnx__GraphProto *g, const char *type);

/* Side i of a shape: one that the model leaves open, called `symbol`, or, where that is NULL, of `size`. */
void expect_dimension(const Onnx__TensorShapeProto *shape, size_t i, const char *symbol, int64_t size);

/* Each constant has as many values as its shape says, a name of its own, and a reader. */
void expect_sound_constants(const Onnx__GraphProto *g);

/* What each node takes is there before it, and nothing is computed twice, or in vain. */
void expect_sound_nodes(const Onnx__GraphProto *g);

/* All of that, versions, and one image in and one score map out, both of any size. `name`: the graph's. */
void expect_sound(const Onnx__ModelProto *model, const char *name);

#endif
