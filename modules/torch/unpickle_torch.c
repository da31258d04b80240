/* The names that make up a state dict, and what calling them stands for. The pickle of a whole run has other things
 * beside the state dict, numbers and arrays of numpy above all: what other names stand for is opaque. */
#include "modules/torch/unpickle_private.h"

#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    size_t size;
    bool floating;
} types[] = {
    [TORCH_FLOAT64] = {"float64", 8, true}, [TORCH_FLOAT32] = {"float32", 4, true},
    [TORCH_FLOAT16] = {"float16", 2, true}, [TORCH_BFLOAT16] = {"bfloat16", 2, true},
    [TORCH_INT64] = {"int64", 8, false},    [TORCH_INT32] = {"int32", 4, false},
    [TORCH_INT16] = {"int16", 2, false},    [TORCH_INT8] = {"int8", 1, false},
    [TORCH_UINT8] = {"uint8", 1, false},    [TORCH_BOOL] = {"bool", 1, false},
};

const char *torch_type_name(torch_type type) {
    return types[type].name;
}

size_t torch_type_size(torch_type type) {
    return types[type].size;
}

bool torch_type_is_floating(torch_type type) {
    return types[type].floating;
}

typedef enum role { ORDERED_DICT, REBUILD_TENSOR, REBUILD_PARAMETER, STORAGE_CLASS } role;

static const struct known_name {
    const char *module, *name;
    role role;
    torch_type type; /* of a storage class */
} known_names[] = {
    {"collections", "OrderedDict", ORDERED_DICT, 0},
    {"torch._utils", "_rebuild_tensor", REBUILD_TENSOR, 0}, /* before PyTorch 0.4 */
    {"torch._utils", "_rebuild_tensor_v2", REBUILD_TENSOR, 0},
    {"torch._utils", "_rebuild_parameter", REBUILD_PARAMETER, 0},
    {"torch", "DoubleStorage", STORAGE_CLASS, TORCH_FLOAT64},
    {"torch", "FloatStorage", STORAGE_CLASS, TORCH_FLOAT32},
    {"torch", "HalfStorage", STORAGE_CLASS, TORCH_FLOAT16},
    {"torch", "BFloat16Storage", STORAGE_CLASS, TORCH_BFLOAT16},
    {"torch", "LongStorage", STORAGE_CLASS, TORCH_INT64},
    {"torch", "IntStorage", STORAGE_CLASS, TORCH_INT32},
    {"torch", "ShortStorage", STORAGE_CLASS, TORCH_INT16},
    {"torch", "CharStorage", STORAGE_CLASS, TORCH_INT8},
    {"torch", "ByteStorage", STORAGE_CLASS, TORCH_UINT8},
    {"torch", "BoolStorage", STORAGE_CLASS, TORCH_BOOL},
};
enum { KNOWN_NAMES = sizeof known_names / sizeof *known_names };

/* What stands for anything that MODULE.NAME, which nothing here knows, is or makes: it keeps the name as it may stand
 * in a message, short and without control characters. */
static pickle_value *foreign(pickle *p, const char *module, const char *name) {
    char text[128];
    snprintf(text, sizeof text, "%.60s.%.60s", module, name);
    for (char *c = text; *c; c++)
        if (*c <= ' ' || *c >= 127)
            *c = '?';
    pickle_value *value = pickle_new(p, PICKLE_OPAQUE);
    if (value)
        value->text = pickle_text(p, text, strlen(text));
    if (value && !p->foreign)
        p->foreign = value->text;
    return value && value->text ? value : NULL;
}

/* What something opaque makes is as opaque, and has its name. */
static pickle_value *made_by(pickle *p, const pickle_value *opaque) {
    pickle_value *value = pickle_new(p, PICKLE_OPAQUE);
    if (value)
        value->text = opaque->text;
    return value;
}

pickle_value *pickle_global(pickle *p, const char *module, const char *name) {
    for (int i = 0; i < KNOWN_NAMES; i++)
        if (!strcmp(known_names[i].module, module) && !strcmp(known_names[i].name, name)) {
            pickle_value *value = pickle_new(p, PICKLE_GLOBAL);
            if (value)
                value->integer = i;
            return value;
        }
    return foreign(p, module, name);
}

static const pickle_value *item(const pickle_value *tuple, size_t index, pickle_kind kind) {
    bool fits = index < tuple->list.count && tuple->list.items[index]->kind == kind;
    return fits ? tuple->list.items[index] : NULL;
}

static bool all_ints(const pickle_value *tuple) {
    for (size_t i = 0; i < tuple->list.count; i++)
        if (tuple->list.items[i]->kind != PICKLE_INT)
            return false;
    return true;
}

/* (storage, offset, size, strides[, requires_grad, hooks[, metadata]]) */
static pickle_value *rebuild_tensor(pickle *p, const pickle_value *arguments) {
    const pickle_value *storage = item(arguments, 0, PICKLE_STORAGE), *offset = item(arguments, 1, PICKLE_INT);
    const pickle_value *size = item(arguments, 2, PICKLE_TUPLE), *strides = item(arguments, 3, PICKLE_TUPLE);
    if (item(arguments, 0, PICKLE_OPAQUE))
        return made_by(p, arguments->list.items[0]);
    if (!storage || !offset || !size || !strides || !all_ints(size) || !all_ints(strides) ||
        size->list.count != strides->list.count) {
        status_fail(STATUS_INPUT, "damaged: a tensor is not made of a storage, an offset, a size and strides");
        return NULL;
    }
    pickle_value *tensor = pickle_new(p, PICKLE_TENSOR);
    if (tensor) {
        tensor->tensor.storage = storage;
        tensor->tensor.offset = offset->integer;
        tensor->tensor.size = size;
        tensor->tensor.strides = strides;
    }
    return tensor;
}

pickle_value *pickle_call(pickle *p, const pickle_value *callee, const pickle_value *arguments) {
    bool is_function = callee->kind == PICKLE_GLOBAL || callee->kind == PICKLE_OPAQUE;
    if (!is_function || arguments->kind != PICKLE_TUPLE) {
        status_fail(STATUS_INPUT, "damaged: it calls something that is no function");
        return NULL;
    }
    if (callee->kind == PICKLE_OPAQUE)
        return made_by(p, callee);
    const struct known_name *known = &known_names[callee->integer];
    switch (known->role) {
    case ORDERED_DICT:
        if (arguments->list.count == 0)
            return pickle_new(p, PICKLE_DICT);
        break;
    case REBUILD_TENSOR:
        return rebuild_tensor(p, arguments);
    case REBUILD_PARAMETER: /* (tensor, requires_grad, hooks) */
        if (item(arguments, 0, PICKLE_TENSOR) || item(arguments, 0, PICKLE_OPAQUE))
            return arguments->list.items[0];
        break;
    case STORAGE_CLASS:
        break;
    }
    return foreign(p, known->module, known->name); /* with arguments that a state dict never has */
}

/* ("storage", class, key, device, element count), and before PyTorch 1.6 whether it is a view of another storage; where
 * the tensor once lived does not matter. The class may be one of which nothing is known here, the layers' of a whole
 * model, too, which the old format names in this way. */
pickle_value *pickle_persistent(pickle *p, const pickle_value *id) {
    const pickle_value *class = NULL, *key = NULL, *count = NULL;
    if (id->kind == PICKLE_TUPLE && item(id, 1, PICKLE_OPAQUE))
        return made_by(p, id->list.items[1]);
    bool whole = id->kind == PICKLE_TUPLE && (id->list.count == 5 || (id->list.count == 6 && item(id, 5, PICKLE_NONE)));
    if (whole && item(id, 0, PICKLE_TEXT) && !strcmp(id->list.items[0]->text, "storage")) {
        class = item(id, 1, PICKLE_GLOBAL);
        key = item(id, 2, PICKLE_TEXT);
        count = item(id, 4, PICKLE_INT);
    }
    if (!class || known_names[class->integer].role != STORAGE_CLASS || !key || !count || count->integer < 0) {
        status_fail(STATUS_INPUT, "damaged: a storage is not made of a class, a key and an element count");
        return NULL;
    }
    pickle_value *storage = pickle_new(p, PICKLE_STORAGE);
    if (storage) {
        storage->storage.type = known_names[class->integer].type;
        storage->storage.key = key->text;
        storage->storage.count = count->integer;
        if (pickle_append(p, &p->storages, storage) != STATUS_OK)
            return NULL;
    }
    return storage;
}
