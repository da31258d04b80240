#include "autograd/ops.h"

#define OP(name) extern const op op_##name;
#include "autograd/ops.def"
#undef OP

const op *const all_ops[] = {
#define OP(name) &op_##name,
#include "autograd/ops.def"
#undef OP
    NULL,
};
