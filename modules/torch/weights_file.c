#include "modules/torch/weights_file.h"

#include "modules/torch/torch_file.h"
#include "modules/torch/torch_import.h"

#include <stdbool.h>
#include <string.h>

status weights_file_load(engine *e, const char *path, checkpoint_weights which, detector **out) {
    return torch_file_recognises(path) ? torch_import(e, path, out) : checkpoint_load_weights(e, path, which, out);
}

static bool same_shape(const parameter *a, const parameter *b) {
    return a->rank == b->rank && !memcmp(a->shape, b->shape, (size_t)a->rank * sizeof *a->shape);
}

status weights_file_take(engine *e, const char *path, detector *d, weights_match *out) {
    detector *from;
    TRY(weights_file_load(e, path, WEIGHTS_BEST, &from));
    const parameter_set *known = detector_parameters(d);
    *out = (weights_match){.all = known->count};
    for (int i = 0; i < known->count; i++) {
        parameter *p = known->items[i];
        const parameter *stored = parameter_find(detector_parameters(from), p->name);
        if (stored && same_shape(stored, p)) {
            memcpy(p->value, stored->value, p->count * sizeof *p->value);
            out->taken++;
        } else if (!out->first_left) {
            out->first_left = p->name;
        }
    }
    detector_free(from);
    return STATUS_OK;
}
