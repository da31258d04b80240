/* Telling a method and its options from the tensors of a foreign checkpoint.
 *
 * Thread rule: any thread at any time, on different configs. */
#ifndef IRST_MODULES_TENSOR_OPTIONS_H
#define IRST_MODULES_TENSOR_OPTIONS_H

#include "core/base/status.h"
#include "core/config/config.h"

/* Name and shape of one tensor of a state dict. */
typedef struct named_shape {
    const char *name;
    int rank;
    int shape[4];
} named_shape;

/* Finds the method that such tensors belong to, declares its keys in `options`, which is new, and sets model.name and
 * what the shapes tell. STATUS_INPUT if no method recognises them or they cannot be its own. */
status detector_options_from_tensors(const named_shape *tensors, int count, config *options);

/* The tensor of that name (a printf format); NULL if there is none. For the methods' options_from_tensors. */
const named_shape *named_shape_find(const named_shape *tensors, int count, const char *name, ...)
    __attribute__((format(printf, 3, 4)));

#endif
