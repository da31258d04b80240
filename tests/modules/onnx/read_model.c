#include "tests/modules/onnx/read_model.h"

#include "core/io/file_io.h"
#include "tests/expect.h"

#include <stdlib.h>
#include <string.h>

Onnx__ModelProto *read_model(const char *path) {
    uint8_t *bytes;
    size_t size;
    assert_ok(file_read(path, INT32_MAX, &bytes, &size));
    Onnx__ModelProto *model = onnx__model_proto__unpack(NULL, size, bytes);
    free(bytes);
    assert_non_null(model);
    return model;
}

void expect_dimension(const Onnx__TensorShapeProto *shape, size_t i, const char *symbol, int64_t size) {
    const Onnx__TensorShapeProto__Dimension *d = shape->dim[i];
    if (symbol) {
        assert_int_equal(d->value_case, ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM);
        assert_string_equal(d->dim_param, symbol);
    } else {
        assert_int_equal(d->value_case, ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE);
        assert_int_equal(d->dim_value, size);
    }
}

/* A float tensor of N x 1 x H x W, whatever these are. */
static void expect_map(const Onnx__ValueInfoProto *info, const char *name) {
    assert_string_equal(info->name, name);
    assert_int_equal(info->type->value_case, ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE);
    const Onnx__TypeProto__Tensor *map = info->type->tensor_type;
    assert_int_equal(map->elem_type, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT);
    assert_int_equal(map->shape->n_dim, 4);
    expect_dimension(map->shape, 0, "batch", 0);
    expect_dimension(map->shape, 1, NULL, 1);
    expect_dimension(map->shape, 2, "height", 0);
    expect_dimension(map->shape, 3, "width", 0);
}

const Onnx__TensorProto *find_constant(const Onnx__GraphProto *g, const char *name) {
    for (size_t i = 0; i < g->n_initializer; i++)
        if (!strcmp(g->initializer[i]->name, name))
            return g->initializer[i];
    return NULL;
}

bool is_computed(const Onnx__GraphProto *g, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++)
        if (!strcmp(g->node[i]->output[0], name))
            return true;
    return false;
}

static bool is_read(const Onnx__GraphProto *g, const char *name) {
    for (size_t i = 0; i < g->n_node; i++)
        for (size_t k = 0; k < g->node[i]->n_input; k++)
            if (!strcmp(g->node[i]->input[k], name))
                return true;
    return false;
}

int count_nodes(const Onnx__GraphProto *g, const char *type) {
    int count = 0;
    for (size_t i = 0; i < g->n_node; i++)
        count += !strcmp(g->node[i]->op_type, type);
    return count;
}

void expect_sound_constants(const Onnx__GraphProto *g) {
    for (size_t i = 0; i < g->n_initializer; i++) {
        const Onnx__TensorProto *t = g->initializer[i];
        size_t count = 1;
        for (size_t k = 0; k < t->n_dims; k++)
            count *= (size_t)t->dims[k];
        bool real = t->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
        assert_true(real || t->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__INT64);
        assert_int_equal(real ? t->n_float_data : t->n_int64_data, count);
        assert_ptr_equal(find_constant(g, t->name), t);
        assert_true(is_read(g, t->name));
    }
}

void expect_sound_nodes(const Onnx__GraphProto *g) {
    for (size_t i = 0; i < g->n_node; i++) {
        const Onnx__NodeProto *n = g->node[i];
        assert_int_equal(n->n_output, 1);
        assert_string_equal(n->name, n->output[0]);
        assert_false(is_computed(g, i, n->output[0]) || find_constant(g, n->output[0]));
        assert_true(is_read(g, n->output[0]) || !strcmp(n->output[0], "score"));
        for (size_t k = 0; k < n->n_input; k++)
            if (*n->input[k] && strcmp(n->input[k], "image") != 0 && !find_constant(g, n->input[k]) &&
                !is_computed(g, i, n->input[k]))
                fail_msg("%s takes %s, which is not there", n->name, n->input[k]);
        for (size_t k = 0; k < n->n_attribute; k++)
            assert_true(n->attribute[k]->has_type);
    }
}

const char *note_of(const Onnx__ModelProto *model, const char *key) {
    for (size_t i = 0; i < model->n_metadata_props; i++)
        if (!strcmp(model->metadata_props[i]->key, key))
            return model->metadata_props[i]->value;
    return NULL;
}

void expect_sound(const Onnx__ModelProto *model, const char *name) {
    const Onnx__GraphProto *g = model->graph;
    assert_int_equal(model->ir_version, 8);
    assert_int_equal(model->n_opset_import, 1);
    assert_string_equal(model->opset_import[0]->domain, "");
    assert_int_equal(model->opset_import[0]->version, 17);
    assert_string_equal(model->producer_name, "irst");
    assert_string_equal(g->name, name);
    assert_int_equal(g->n_input, 1);
    expect_map(g->input[0], "image");
    assert_int_equal(g->n_output, 1);
    expect_map(g->output[0], "score");
    assert_string_equal(g->node[g->n_node - 1]->output[0], "score");
    expect_sound_constants(g);
    expect_sound_nodes(g);
    assert_int_equal(count_nodes(g, "BatchNormalization"), 0);
}
void free_model(Onnx__ModelProto *model) {
    onnx__model_proto__free_unpacked(model, NULL);
}
