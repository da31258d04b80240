#include "include/irst_parameters.h"

#include "library/detector_handle.h"

#include <string.h>

int irst_parameter_count(const irst_detector *d) {
    return d ? detector_parameters(d->d)->count : 0;
}

int irst_parameter_at(const irst_detector *d, int index, irst_parameter *out) {
    int count = irst_parameter_count(d);
    if (!out || index < 0 || index >= count)
        return irst_outcome(status_fail(STATUS_USAGE, "parameter %d of %d", index, count));
    const parameter *p = detector_parameters(d->d)->items[index];
    *out = (irst_parameter){
        .name = p->name, .rank = p->rank, .values = p->value, .is_counter = p->kind == PARAMETER_COUNTER};
    memcpy(out->shape, p->shape, sizeof out->shape);
    return 0;
}
