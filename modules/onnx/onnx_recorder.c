#include "modules/onnx/onnx_recorder.h"

#include <string.h>

static const struct {
    const char *operation;
    onnx_operation record;
} table[] = {
#define ONNX(operation, function) {#operation, function},
#include "modules/onnx/onnx_ops.def"
#undef ONNX
};

static onnx_operation find_operation(onnx_graph *g, const op *operation) {
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (!strcmp(table[i].operation, operation->name))
            return table[i].record;
    onnx_note_failure(g, status_fail(STATUS_USAGE, "the operation %s cannot be written as ONNX", operation->name));
    return NULL;
}

/* --- values and sizes --- */

const parameter *onnx_parameter_of(const onnx_recorder *r, const node *n) {
    if (n->op)
        return NULL;
    for (int i = 0; i < r->parameters->count; i++)
        if (r->parameters->items[i]->value == n->value.data)
            return r->parameters->items[i];
    return NULL;
}

bool onnx_is_zero(const onnx_recorder *r, const node *n) {
    return !n->op && n != r->from->image && !onnx_parameter_of(r, n);
}

static onnx_value zeros(const onnx_recorder *r, const node *n) {
    onnx_value image = r->values[r->from->image->index];
    if (tensor_same_shape(&n->value, &r->from->image->value))
        return onnx_apply(r->graph, (onnx_call){.type = "Sub", .inputs = {image, image}});
    onnx_note_failure(r->graph, status_fail(STATUS_USAGE, "a map of zeros has another shape than the image"));
    return NULL;
}

onnx_value onnx_value_of(const onnx_recorder *r, const node *n) {
    const parameter *p = onnx_parameter_of(r, n);
    if (p)
        return onnx_floats(r->graph, p->name, p->rank, p->shape, p->value);
    return onnx_is_zero(r, n) ? zeros(r, n) : r->values[n->index];
}

bool onnx_is_folded(const onnx_recorder *r, const node *n) {
    const node *reader = r->readers[n->index];
    return n->op && !strcmp(n->op->name, "conv2d") && r->reader_counts[n->index] == 1 &&
           !strcmp(reader->op->name, "batch_norm") && onnx_parameter_of(r, n->input[1]);
}

static bool same_size(const onnx_recorder *r, int a, int b) {
    for (int i = 0; i < r->from->count; i++) {
        const tensor *of_a = &tape_node(r->from->tapes[i], a)->value, *of_b = &tape_node(r->from->tapes[i], b)->value;
        if (of_a->h != of_b->h || of_a->w != of_b->w)
            return false;
    }
    return true;
}

bool onnx_is_fixed(const onnx_recorder *r) {
    return r->from->count == 1;
}

onnx_value onnx_size_of(onnx_recorder *r, const node *n) {
    if (onnx_is_fixed(r))
        return onnx_integers(r->graph, 2, (const int64_t[]){n->value.h, n->value.w});
    for (int i = 0; i <= n->index; i++) {
        if (!r->values[i] || !same_size(r, i, n->index))
            continue;
        if (!r->sizes[i])
            r->sizes[i] =
                onnx_apply(r->graph, (onnx_call){.type = "Shape",
                                                 .inputs = {r->values[i]},
                                                 .attributes = {onnx_integer("start", 2), onnx_integer("end", 4)}});
        return r->sizes[i];
    }
    onnx_note_failure(r->graph, status_fail(STATUS_USAGE, "%s: nothing tells its size for other images", n->op->name));
    return NULL;
}

/* --- the way through the tape --- */

static bool is_needed(const onnx_recorder *r, const node *n) {
    return n == r->from->logit || r->reader_counts[n->index] > 0;
}

static void count_readers(onnx_recorder *r) {
    for (int i = r->from->logit->index; i >= 0; i--) {
        const node *n = tape_node(r->from->tapes[0], i);
        for (int k = 0; is_needed(r, n) && k < n->input_count; k++) {
            r->readers[n->input[k]->index] = n;
            r->reader_counts[n->input[k]->index]++;
        }
    }
}

/* "decos.0.lowrank.convs.0" for a convolution, folded or not, and "relu_17" for others. */
static const char *usual_name(const onnx_recorder *r, const node *n) {
    const node *conv = n->op && !strcmp(n->op->name, "batch_norm") ? n->input[0] : n;
    const parameter *weight =
        conv->op && !strcmp(conv->op->name, "conv2d") ? onnx_parameter_of(r, conv->input[1]) : NULL;
    const char *end = weight ? strrchr(weight->name, '.') : NULL;
    return end ? onnx_named(r->graph, "%.*s", (int)(end - weight->name), weight->name)
               : onnx_named(r->graph, "%s_%d", n->op->name, n->index);
}

static onnx_value record_node(onnx_recorder *r, const node *n, const char *name) {
    onnx_operation record = find_operation(r->graph, n->op);
    if (!record)
        return NULL;
    onnx_scope(r->graph, name ? name : usual_name(r, n));
    return onnx_name_result(r->graph, record(r, n));
}

static status same_tapes(const onnx_recordings *from) {
    const tape *first = from->tapes[0];
    for (int i = 1; i < from->count; i++) {
        bool same = tape_node_count(from->tapes[i]) == tape_node_count(first);
        for (int k = 0; same && k < tape_node_count(first); k++)
            same = tape_node(from->tapes[i], k)->op == tape_node(first, k)->op;
        if (!same)
            return status_fail(STATUS_USAGE, "the network has other operations for images of other sizes");
    }
    return STATUS_OK;
}

onnx_value onnx_record(onnx_graph *g, const onnx_recordings *from, const parameter_set *parameters, onnx_value image,
                       const char *(*name_of)(const void *context, const node *n), const void *context) {
    onnx_note_failure(g, same_tapes(from));
    size_t count = (size_t)tape_node_count(from->tapes[0]);
    onnx_recorder r = {.graph = g, .from = from, .parameters = parameters};
    r.values = onnx_keep(g, count * sizeof *r.values);
    r.sizes = onnx_keep(g, count * sizeof *r.sizes);
    r.readers = onnx_keep(g, count * sizeof *r.readers);
    r.reader_counts = onnx_keep(g, count * sizeof *r.reader_counts);
    if (onnx_graph_status(g) != STATUS_OK)
        return NULL;
    count_readers(&r);
    r.values[from->image->index] = image;
    for (int i = 0; i <= from->logit->index && onnx_graph_status(g) == STATUS_OK; i++) {
        const node *n = tape_node(from->tapes[0], i);
        if (n->op && is_needed(&r, n) && !onnx_is_folded(&r, n))
            r.values[i] = record_node(&r, n, name_of(context, n));
    }
    return r.values[from->logit->index];
}
