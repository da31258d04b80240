/* Operations on patches of a map whose size is known at run time only (autograd/shared/patches.h has the rule: along
 * each axis s patches of floor(size / s), the last with the remainder, too). Sizes are vectors of rows and columns. */
#include "modules/onnx/onnx_recorder.h"

static onnx_value apply2(onnx_recorder *r, const char *type, onnx_value a, onnx_value b) {
    return onnx_apply(r->graph, (onnx_call){.type = type, .inputs = {a, b}});
}

static onnx_value pair(onnx_recorder *r, int64_t rows, int64_t columns) {
    return onnx_integers(r->graph, 2, (const int64_t[]){rows, columns});
}

static onnx_value entry(onnx_recorder *r, onnx_value vector, int i) {
    return apply2(r, "Gather", vector, onnx_integers(r->graph, 1, (const int64_t[]){i}));
}

static onnx_value transposed(onnx_recorder *r, onnx_value x, int rank, const int64_t *order) {
    return onnx_apply(r->graph,
                      (onnx_call){.type = "Transpose", .inputs = {x}, .attributes = {onnx_list("perm", rank, order)}});
}

static onnx_value joined(onnx_recorder *r, int axis, int count, const onnx_value *parts) {
    onnx_call call = {.type = "Concat", .attributes = {onnx_integer("axis", axis)}};
    for (int i = 0; i < count; i++)
        call.inputs[i] = parts[i];
    return onnx_apply(r->graph, call);
}

/* Floor of size / parts, for both axes. */
static onnx_value usual_side(onnx_recorder *r, onnx_value size, int parts) {
    return apply2(r, "Div", size, pair(r, parts, parts));
}

/* --- attention --- */

/* Some patches of one size: rows x columns of them, side by side. */
typedef struct block {
    int rows, columns;
    onnx_value start, end; /* of all in the map */
    onnx_value side;       /* of each */
} block;

/* The block of the usual patches, of those at the end of each row, of each column, or of the last one. */
static block block_at(onnx_recorder *r, onnx_value size, int parts, int last_row, int last_column) {
    onnx_value last = pair(r, last_row, last_column), usual = pair(r, 1 - last_row, 1 - last_column);
    onnx_value side = usual_side(r, size, parts);
    onnx_value inner = apply2(r, "Mul", side, pair(r, parts - 1, parts - 1)); /* where the last patch begins */
    onnx_value rest = apply2(r, "Sub", size, inner);
    return (block){
        .rows = last_row ? 1 : parts - 1,
        .columns = last_column ? 1 : parts - 1,
        .start = apply2(r, "Mul", inner, last),
        .end = apply2(r, "Add", apply2(r, "Mul", inner, usual), apply2(r, "Mul", size, last)),
        .side = apply2(r, "Add", apply2(r, "Mul", side, usual), apply2(r, "Mul", rest, last)),
    };
}

/* N x C x H x W -> N x patches x C x pixels */
static onnx_value cut(onnx_recorder *r, const block *b, const node *n) {
    int C = n->value.c;
    const int64_t head[] = {0, C, b->rows}, columns[] = {b->columns}; /* 0: as it is */
    const int64_t flat[] = {0, (int64_t)b->rows * b->columns, C, -1};
    onnx_value x = onnx_apply(
        r->graph, (onnx_call){.type = "Slice", .inputs = {onnx_value_of(r, n), b->start, b->end, pair(r, 2, 3)}});
    const onnx_value shape[] = {onnx_integers(r->graph, 3, head), entry(r, b->side, 0),
                                onnx_integers(r->graph, 1, columns), entry(r, b->side, 1)};
    x = apply2(r, "Reshape", x, joined(r, 0, 4, shape));
    x = transposed(r, x, 6, (const int64_t[]){0, 2, 4, 1, 3, 5});
    return apply2(r, "Reshape", x, onnx_integers(r->graph, 4, flat));
}

/* The way back, for C channels. */
static onnx_value put_together(onnx_recorder *r, const block *b, onnx_value x, int C) {
    const int64_t head[] = {0, b->rows, b->columns, C}, whole[] = {0, C};
    x = apply2(r, "Reshape", x, joined(r, 0, 2, (const onnx_value[]){onnx_integers(r->graph, 4, head), b->side}));
    x = transposed(r, x, 6, (const int64_t[]){0, 3, 1, 4, 2, 5});
    onnx_value size = apply2(r, "Mul", b->side, pair(r, b->rows, b->columns));
    return apply2(r, "Reshape", x, joined(r, 0, 2, (const onnx_value[]){onnx_integers(r->graph, 2, whole), size}));
}

static onnx_value attend(onnx_recorder *r, const node *n, const block *b) {
    static const int64_t swapped[] = {0, 1, 3, 2};
    onnx_value query = cut(r, b, n->input[0]), key = cut(r, b, n->input[1]), value = cut(r, b, n->input[2]);
    onnx_value score = apply2(r, "MatMul", transposed(r, query, 4, swapped), key);
    onnx_value weight = onnx_apply(
        r->graph, (onnx_call){.type = "Softmax", .inputs = {score}, .attributes = {onnx_integer("axis", -1)}});
    onnx_value y = apply2(r, "MatMul", value, transposed(r, weight, 4, swapped));
    return put_together(r, b, y, n->value.c);
}

/* The usual columns of patches and, beside them, the last one. */
static onnx_value attend_row(onnx_recorder *r, const node *n, onnx_value size, int parts, int last_row) {
    block usual = block_at(r, size, parts, last_row, 0), last = block_at(r, size, parts, last_row, 1);
    const onnx_value columns[] = {attend(r, n, &usual), attend(r, n, &last)};
    return joined(r, 3, 2, columns);
}

onnx_value onnx_attention(onnx_recorder *r, const node *n) {
    const attention_options *o = n->options;
    onnx_value size = onnx_size_of(r, n);
    if (o->parts == 1) {
        block whole = block_at(r, size, 1, 1, 1);
        return attend(r, n, &whole);
    }
    const onnx_value rows[] = {attend_row(r, n, size, o->parts, 0), attend_row(r, n, size, o->parts, 1)};
    return joined(r, 2, 2, rows);
}

/* --- patch_scale --- */

/* The patch that each row (axis 0) or column (1) lies in. */
static onnx_value patch_numbers(onnx_recorder *r, onnx_value size, int parts, int axis) {
    onnx_value length = apply2(r, "Gather", size, onnx_index(r->graph, axis));
    onnx_value places = onnx_apply(
        r->graph, (onnx_call){.type = "Range", .inputs = {onnx_index(r->graph, 0), length, onnx_index(r->graph, 1)}});
    onnx_value number = apply2(r, "Div", places, entry(r, usual_side(r, size, parts), axis));
    return apply2(r, "Min", number, onnx_integers(r->graph, 1, (const int64_t[]){parts - 1}));
}

onnx_value onnx_patch_scale(onnx_recorder *r, const node *n) {
    onnx_value size = onnx_size_of(r, n), factor = onnx_value_of(r, n->input[1]);
    for (int axis = 0; axis < 2; axis++) {
        int parts = n->input[1]->value.h;
        onnx_value numbers = patch_numbers(r, size, parts, axis);
        factor = onnx_apply(
            r->graph,
            (onnx_call){.type = "Gather", .inputs = {factor, numbers}, .attributes = {onnx_integer("axis", 2 + axis)}});
    }
    return apply2(r, "Mul", onnx_value_of(r, n->input[0]), factor);
}

/* --- adaptive_max_pool --- */

/* Maxima of `count` bins along one axis; bin i covers floor(i size / count) to ceil((i + 1) size / count) - 1. */
static onnx_value bin_maxima(onnx_recorder *r, onnx_value x, onnx_value size, int count, int axis) {
    onnx_value parts[ONNX_INPUTS];
    const int64_t axes[] = {2 + axis};
    onnx_value length = entry(r, size, axis), bins = onnx_integers(r->graph, 1, (const int64_t[]){count});
    for (int i = 0; i < count; i++) {
        onnx_value from = apply2(r, "Mul", length, onnx_integers(r->graph, 1, (const int64_t[]){i}));
        onnx_value to = apply2(r, "Mul", length, onnx_integers(r->graph, 1, (const int64_t[]){i + 1}));
        to = apply2(r, "Add", to, onnx_integers(r->graph, 1, (const int64_t[]){count - 1})); /* rounds up */
        onnx_value bin =
            onnx_apply(r->graph, (onnx_call){.type = "Slice",
                                             .inputs = {x, apply2(r, "Div", from, bins), apply2(r, "Div", to, bins),
                                                        onnx_integers(r->graph, 1, axes)}});
        parts[i] =
            onnx_apply(r->graph, (onnx_call){.type = "ReduceMax",
                                             .inputs = {bin},
                                             .attributes = {onnx_list("axes", 1, axes), onnx_integer("keepdims", 1)}});
    }
    return joined(r, 2 + axis, count, parts);
}

onnx_value onnx_adaptive_max_pool(onnx_recorder *r, const node *n) {
    onnx_value x = onnx_value_of(r, n->input[0]);
    if (n->value.h == 1 && n->value.w == 1)
        return onnx_apply(r->graph, (onnx_call){.type = "GlobalMaxPool", .inputs = {x}});
    if (n->value.h > ONNX_INPUTS || n->value.w > ONNX_INPUTS) {
        onnx_note_failure(r->graph, status_fail(STATUS_USAGE, "adaptive_max_pool: %dx%d bins, expected at most %d",
                                                n->value.h, n->value.w, ONNX_INPUTS));
        return NULL;
    }
    onnx_value size = onnx_size_of(r, n->input[0]);
    x = bin_maxima(r, x, size, n->value.h, 0);
    return bin_maxima(r, x, size, n->value.w, 1);
}
