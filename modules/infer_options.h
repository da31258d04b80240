/* Telling a method and its options from the tensors of a foreign checkpoint. */
#ifndef IRST_MODULES_INFER_OPTIONS_H
#define IRST_MODULES_INFER_OPTIONS_H

/* Name and shape of one tensor of a state dict. */
typedef struct named_shape {
    const char *name;
    int rank;
    int shape[4];
} named_shape;

#endif
