#include "core/tensor/kernels.h"
#include "modules/detector_private.h"

#include <string.h>

const char *const detector_precision_names[] = {"float", "int8"};

parameter *detector_parameter_of(const detector *d, const node *leaf) {
    for (int i = 0; !leaf->op && leaf->value.data && i < d->parameters.count; i++)
        if (d->parameters.items[i]->value == leaf->value.data)
            return d->parameters.items[i];
    return NULL;
}

void detector_set_ranges(const detector *d, tape *t) {
    for (int i = 0; i < tape_node_count(t); i++) {
        const node *n = tape_node(t, i);
        if (!n->op || strcmp(n->op->name, "conv2d") != 0)
            continue;
        const parameter *p = detector_parameter_of(d, n->input[1]);
        if (p)
            tape_set_ranges(t, n->input[1], p->ranges);
    }
}

status detector_set_precision(detector *d, detector_precision precision) {
    bool is_known = false;
    for (int i = 0; i < d->parameters.count; i++)
        is_known |= d->parameters.items[i]->ranges != NULL;
    if (precision == PRECISION_INT8 && !is_known)
        return status_fail(STATUS_USAGE, "%s: int8 needs ranges of activations, and none are known", d->type->name);
    d->precision = precision;
    detector_drop_inference(d);
    return STATUS_OK;
}

bool detector_int8_is_fast(const detector *d) {
    return engine_kernels(d->engine)->has_byte_products;
}
