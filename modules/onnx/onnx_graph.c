#include "modules/onnx/onnx_graph.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modules/onnx/onnx_graph_private.h"

const char onnx_none[] = "";

/* --- memory and failures --- */

status onnx_graph_new(onnx_graph **out) {
    *out = calloc(1, sizeof **out);
    if (!*out)
        return status_fail(STATUS_MEMORY, "out of memory for a graph");
    onnx__graph_proto__init(&(*out)->proto);
    (*out)->scope = "graph";
    return STATUS_OK;
}

void onnx_graph_free(onnx_graph *g) {
    if (!g)
        return;
    for (onnx_chunk *chunk = g->chunks, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    free(g->proto.node);
    free(g->proto.initializer);
    free(g);
}

void onnx_note_failure(onnx_graph *g, status failure) {
    if (g->failure != STATUS_OK)
        return;
    g->failure = failure;
    snprintf(g->failure_message, sizeof g->failure_message, "%s", status_message());
}

status onnx_graph_status(const onnx_graph *g) {
    return g->failure == STATUS_OK ? STATUS_OK : status_fail(g->failure, "%s", g->failure_message);
}

void *onnx_keep(onnx_graph *g, size_t bytes) {
    onnx_chunk *chunk = calloc(1, sizeof *chunk + bytes);
    if (!chunk) {
        onnx_note_failure(g, status_fail(STATUS_MEMORY, "out of memory for a graph"));
        return NULL;
    }
    chunk->next = g->chunks;
    g->chunks = chunk;
    return chunk + 1;
}

const char *onnx_named(onnx_graph *g, const char *format, ...) {
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    char *copy = onnx_keep(g, strlen(text) + 1);
    return copy ? strcpy(copy, text) : NULL;
}

/* Lives as long as the graph; NULL with a noted failure. */
static char *copy_text(onnx_graph *g, const char *text) {
    char *copy = onnx_keep(g, strlen(text) + 1);
    return copy ? strcpy(copy, text) : NULL;
}

/* Room for one more pointer in a list of `count`, whose capacity is the next power of two. */
static bool make_room(onnx_graph *g, void **list, size_t count) {
    if (count & (count - 1))
        return true;
    void *longer = realloc(*list, (count ? 2 * count : 1) * sizeof(void *));
    if (!longer) {
        onnx_note_failure(g, status_fail(STATUS_MEMORY, "out of memory for a graph"));
        return false;
    }
    *list = longer;
    return true;
}

/* --- nodes --- */

onnx_attribute onnx_integer(const char *name, int64_t value) {
    return (onnx_attribute){.name = name, .kind = ONNX_INTEGER, .integers = {value}};
}

onnx_attribute onnx_pair(const char *name, int64_t a, int64_t b) {
    return (onnx_attribute){.name = name, .kind = ONNX_LIST, .count = 2, .integers = {a, b}};
}

onnx_attribute onnx_list(const char *name, int count, const int64_t *values) {
    assert(count <= ONNX_RANK);
    onnx_attribute attribute = {.name = name, .kind = ONNX_LIST, .count = count};
    memcpy(attribute.integers, values, (size_t)count * sizeof *values);
    return attribute;
}

onnx_attribute onnx_real(const char *name, float value) {
    return (onnx_attribute){.name = name, .kind = ONNX_REAL, .real = value};
}

onnx_attribute onnx_text(const char *name, const char *text) {
    return (onnx_attribute){.name = name, .kind = ONNX_TEXT, .text = text};
}

void onnx_scope(onnx_graph *g, const char *scope) {
    if (scope)
        g->scope = scope;
}

static bool is_taken(const onnx_graph *g, const char *name) {
    for (size_t i = 0; i < g->proto.n_node; i++)
        if (!strcmp(g->proto.node[i]->output[0], name))
            return true;
    return false;
}

/* `name`, or where that is taken the first of name_2, name_3, ... that is not. */
static const char *free_name(onnx_graph *g, const char *name) {
    const char *candidate = name;
    for (int i = 2; candidate && is_taken(g, candidate); i++)
        candidate = onnx_named(g, "%s_%d", name, i);
    return candidate;
}

static Onnx__AttributeProto *attribute_proto(onnx_graph *g, const onnx_attribute *a) {
    Onnx__AttributeProto *proto = onnx_keep(g, sizeof *proto);
    int64_t *integers = onnx_keep(g, sizeof a->integers);
    if (!proto || !integers)
        return NULL;
    onnx__attribute_proto__init(proto);
    memcpy(integers, a->integers, sizeof a->integers);
    proto->name = (char *)a->name; /* nothing writes to it */
    proto->has_type = true;
    switch (a->kind) {
    case ONNX_INTEGER:
        proto->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
        proto->has_i = true;
        proto->i = integers[0];
        break;
    case ONNX_LIST:
        proto->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS;
        proto->n_ints = (size_t)a->count;
        proto->ints = integers;
        break;
    case ONNX_REAL:
        proto->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT;
        proto->has_f = true;
        proto->f = a->real;
        break;
    case ONNX_TEXT:
        proto->type = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING;
        proto->has_s = true;
        proto->s = (ProtobufCBinaryData){strlen(a->text), (uint8_t *)a->text};
        break;
    }
    return proto;
}

static bool set_inputs(onnx_graph *g, const onnx_call *call, Onnx__NodeProto *proto) {
    while (proto->n_input < ONNX_INPUTS && call->inputs[proto->n_input])
        proto->n_input++;
    proto->input = onnx_keep(g, (proto->n_input + 1) * sizeof *proto->input);
    if (proto->input)
        memcpy(proto->input, call->inputs, proto->n_input * sizeof *proto->input);
    return proto->input != NULL;
}

static bool set_attributes(onnx_graph *g, const onnx_call *call, Onnx__NodeProto *proto) {
    while (proto->n_attribute < ONNX_ATTRIBUTES && call->attributes[proto->n_attribute].name)
        proto->n_attribute++;
    proto->attribute = onnx_keep(g, (proto->n_attribute + 1) * sizeof(Onnx__AttributeProto *));
    for (size_t i = 0; proto->attribute && i < proto->n_attribute; i++)
        if (!(proto->attribute[i] = attribute_proto(g, &call->attributes[i])))
            return false;
    return proto->attribute != NULL;
}

onnx_value onnx_apply(onnx_graph *g, onnx_call call) {
    if (g->failure != STATUS_OK)
        return NULL;
    const char *name = onnx_named(g, "%s/%s", g->scope, call.type);
    name = name ? free_name(g, name) : NULL;
    Onnx__NodeProto *proto = onnx_keep(g, sizeof *proto);
    if (!name || !proto)
        return NULL;
    onnx__node_proto__init(proto);
    proto->op_type = (char *)call.type;
    proto->n_output = 1;
    proto->output = onnx_keep(g, sizeof *proto->output);
    if (!proto->output || !set_inputs(g, &call, proto) || !set_attributes(g, &call, proto) ||
        !make_room(g, (void **)&g->proto.node, g->proto.n_node))
        return NULL;
    g->proto.node[g->proto.n_node++] = proto;
    return proto->name = proto->output[0] = (char *)name;
}

/* The last node, if the value is its. */
static Onnx__NodeProto *last_node_of(const onnx_graph *g, onnx_value value) {
    Onnx__NodeProto *last = g->proto.n_node ? g->proto.node[g->proto.n_node - 1] : NULL;
    return last && last->output[0] == value ? last : NULL;
}

onnx_value onnx_name_result(onnx_graph *g, onnx_value value) {
    Onnx__NodeProto *last = value ? last_node_of(g, value) : NULL;
    const char *name = last ? free_name(g, g->scope) : NULL;
    return name ? (last->name = last->output[0] = (char *)name) : value;
}

/* --- constants --- */

static onnx_value find_constant(const onnx_graph *g, const char *name) {
    for (size_t i = 0; i < g->proto.n_initializer; i++)
        if (!strcmp(g->proto.initializer[i]->name, name))
            return g->proto.initializer[i]->name;
    return NULL;
}

static Onnx__TensorProto *add_constant(onnx_graph *g, const char *name, int rank, const int *shape) {
    if (g->failure != STATUS_OK)
        return NULL;
    Onnx__TensorProto *proto = onnx_keep(g, sizeof *proto);
    if (!proto)
        return NULL;
    onnx__tensor_proto__init(proto);
    proto->n_dims = (size_t)rank;
    proto->dims = onnx_keep(g, (size_t)(rank + 1) * sizeof *proto->dims);
    proto->name = copy_text(g, name);
    proto->has_data_type = true;
    if (!proto->dims || !proto->name || !make_room(g, (void **)&g->proto.initializer, g->proto.n_initializer))
        return NULL;
    for (int i = 0; i < rank; i++)
        proto->dims[i] = shape[i];
    return g->proto.initializer[g->proto.n_initializer++] = proto;
}

static size_t count_of(const Onnx__TensorProto *proto) {
    size_t count = 1;
    for (size_t i = 0; i < proto->n_dims; i++)
        count *= (size_t)proto->dims[i];
    return count;
}

onnx_value onnx_floats(onnx_graph *g, const char *name, int rank, const int *shape, const float *values) {
    onnx_value known = name ? find_constant(g, name) : NULL;
    Onnx__TensorProto *proto = known || !name || !values ? NULL : add_constant(g, name, rank, shape);
    if (!proto)
        return known;
    proto->data_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    proto->n_float_data = count_of(proto);
    proto->float_data = (float *)values;
    return proto->name;
}

onnx_value onnx_number(onnx_graph *g, float value) {
    const char *name = onnx_named(g, "[%.9g]f", value);
    float *kept = onnx_keep(g, sizeof *kept);
    if (kept)
        *kept = value;
    return onnx_floats(g, name, 1, (const int[]){1}, kept);
}

static onnx_value integers(onnx_graph *g, const char *name, int rank, int count, const int64_t *values) {
    onnx_value known = name ? find_constant(g, name) : NULL;
    Onnx__TensorProto *proto = known || !name ? NULL : add_constant(g, name, rank, &count);
    int64_t *kept = proto ? onnx_keep(g, (size_t)count * sizeof *kept) : NULL;
    if (!kept)
        return known;
    memcpy(kept, values, (size_t)count * sizeof *kept);
    proto->data_type = ONNX__TENSOR_PROTO__DATA_TYPE__INT64;
    proto->n_int64_data = (size_t)count;
    proto->int64_data = kept;
    return proto->name;
}

onnx_value onnx_integers(onnx_graph *g, int count, const int64_t *values) {
    const char *name = "[";
    for (int i = 0; name && i < count; i++)
        name = onnx_named(g, "%s%lld%s", name, (long long)values[i], i + 1 < count ? "," : "]");
    return integers(g, name, 1, count, values);
}

onnx_value onnx_index(onnx_graph *g, int64_t value) {
    return integers(g, onnx_named(g, "%lld", (long long)value), 0, 1, &value);
}
