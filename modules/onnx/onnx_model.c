/* What stands around the nodes of a graph: inputs, outputs, and the model as a file. */
#include "modules/onnx/onnx_graph_private.h"

#include "core/io/file_io.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static Onnx__TensorShapeProto *shape_proto(onnx_graph *g, const onnx_dimension shape[4]) {
    Onnx__TensorShapeProto *proto = onnx_keep(g, sizeof *proto);
    if (!proto)
        return NULL;
    onnx__tensor_shape_proto__init(proto);
    proto->dim = onnx_keep(g, 4 * sizeof(Onnx__TensorShapeProto__Dimension *));
    if (!proto->dim)
        return NULL;
    for (; proto->n_dim < 4; proto->n_dim++) {
        Onnx__TensorShapeProto__Dimension *dimension = onnx_keep(g, sizeof *dimension);
        if (!dimension)
            return NULL;
        onnx__tensor_shape_proto__dimension__init(dimension);
        const onnx_dimension *wanted = &shape[proto->n_dim];
        if (wanted->symbol) {
            dimension->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
            dimension->dim_param = (char *)wanted->symbol;
        } else {
            dimension->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
            dimension->dim_value = wanted->size;
        }
        proto->dim[proto->n_dim] = dimension;
    }
    return proto;
}

/* A list with one entry: the description of a float tensor. */
static Onnx__ValueInfoProto **one_value(onnx_graph *g, const char *name, const onnx_dimension shape[4]) {
    Onnx__ValueInfoProto **list = onnx_keep(g, sizeof *list), *info = onnx_keep(g, sizeof *info);
    Onnx__TypeProto *type = onnx_keep(g, sizeof *type);
    Onnx__TypeProto__Tensor *tensor = onnx_keep(g, sizeof *tensor);
    if (!list || !info || !type || !tensor)
        return NULL;
    onnx__type_proto__tensor__init(tensor);
    tensor->has_elem_type = true;
    tensor->elem_type = ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    tensor->shape = shape_proto(g, shape);
    onnx__type_proto__init(type);
    type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
    type->tensor_type = tensor;
    onnx__value_info_proto__init(info);
    info->name = (char *)name;
    info->type = type;
    *list = info;
    return list;
}

onnx_value onnx_input(onnx_graph *g, const char *name, const onnx_dimension shape[4]) {
    g->proto.input = one_value(g, name, shape);
    g->proto.n_input = g->proto.input != NULL;
    return g->proto.input ? name : NULL;
}

void onnx_output(onnx_graph *g, onnx_value value, const char *name, const onnx_dimension shape[4]) {
    onnx_scope(g, name);
    value = onnx_name_result(g, value);
    g->proto.output = value ? one_value(g, value, shape) : NULL;
    g->proto.n_output = g->proto.output != NULL;
}

static bool add_notes(onnx_graph *g, Onnx__ModelProto *model, const onnx_note *notes, int count) {
    model->metadata_props = onnx_keep(g, (size_t)(count + 1) * sizeof(Onnx__StringStringEntryProto *));
    for (int i = 0; model->metadata_props && i < count; i++) {
        Onnx__StringStringEntryProto *entry = onnx_keep(g, sizeof *entry);
        if (!entry)
            return false;
        onnx__string_string_entry_proto__init(entry);
        entry->key = (char *)notes[i].key;
        entry->value = (char *)notes[i].value;
        model->metadata_props[model->n_metadata_props++] = entry;
    }
    return model->metadata_props != NULL;
}

static status write_model(const Onnx__ModelProto *model, const char *path) {
    size_t size = onnx__model_proto__get_packed_size(model);
    if (size > INT_MAX) /* of any message, by the rules of protobuf */
        return status_fail(STATUS_OUTPUT, "%s: %zu bytes, but an ONNX file has at most %d", path, size, INT_MAX);
    uint8_t *packed = malloc(size);
    if (!packed)
        return status_fail(STATUS_MEMORY, "%s: out of memory for %zu bytes", path, size);
    onnx__model_proto__pack(model, packed);
    status result = file_write(path, packed, size);
    free(packed);
    return result;
}

status onnx_graph_write(onnx_graph *g, const char *name, const char *description, const onnx_note *notes,
                        int note_count, const char *path) {
    Onnx__ModelProto model = ONNX__MODEL_PROTO__INIT;
    Onnx__OperatorSetIdProto set = ONNX__OPERATOR_SET_ID_PROTO__INIT;
    Onnx__OperatorSetIdProto *sets[] = {&set};
    set.has_version = true;
    set.version = ONNX_OPSET;
    set.domain = ""; /* ONNX's own */
    model.has_ir_version = true;
    model.ir_version = ONNX_IR_VERSION;
    model.n_opset_import = 1;
    model.opset_import = sets;
    model.producer_name = "irst";
    model.producer_version = IRST_VERSION;
    model.doc_string = (char *)description;
    model.graph = &g->proto;
    g->proto.name = (char *)name;
    if (!add_notes(g, &model, notes, note_count))
        return onnx_graph_status(g);
    TRY(onnx_graph_status(g));
    return write_model(&model, path);
}
