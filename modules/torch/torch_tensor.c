#include "modules/torch/torch_tensor.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int64_t size_at(const pickle_value *value, int axis) {
    return value->tensor.size->list.items[axis]->integer;
}

/* Along a dimension of size 1 nobody steps, and PyTorch stores any stride there. */
static int64_t stride_at(const pickle_value *value, int axis) {
    return size_at(value, axis) == 1 ? 0 : value->tensor.strides->list.items[axis]->integer;
}

/* offset + sum of (size - 1) * stride, the largest index that the view reaches, must be one of the storage's. */
static status check_view(const torch_tensor *t, const pickle_value *value) {
    int64_t last = value->tensor.offset;
    bool inside = last >= 0;
    for (int i = 0; i < t->rank && inside; i++) {
        int64_t reach;
        inside = stride_at(value, i) >= 0 && !__builtin_mul_overflow(t->shape[i] - 1, stride_at(value, i), &reach) &&
                 !__builtin_add_overflow(last, reach, &last);
    }
    if (!inside || last >= value->tensor.storage->storage.count)
        return status_fail(STATUS_INPUT, "damaged: %s reaches outside its storage of %lld elements", t->name,
                           (long long)value->tensor.storage->storage.count);
    return STATUS_OK;
}

status torch_tensor_describe(const char *name, const pickle_value *value, torch_tensor *out) {
    *out = (torch_tensor){.name = name, .type = value->tensor.storage->storage.type};
    size_t rank = value->tensor.size->list.count;
    if (rank > 4)
        return status_fail(STATUS_INPUT, "%s has %zu dimensions, expected at most 4", name, rank);
    out->rank = (int)rank;
    int64_t count = 1;
    for (int i = 0; i < out->rank; i++) {
        int64_t size = size_at(value, i);
        if (size < 0 || size > INT_MAX || __builtin_mul_overflow(count, size, &count) || count > TORCH_ELEMENT_LIMIT)
            return status_fail(STATUS_INPUT, "damaged: %s has an impossible size", name);
        out->shape[i] = (int)size;
    }
    out->count = (size_t)count;
    if (count > value->tensor.storage->storage.count) /* by strides of 0: any memory for no bytes */
        return status_fail(STATUS_INPUT, "refused: %s has more elements than its storage", name);
    return count ? check_view(out, value) : STATUS_OK;
}

/* --- elements --- */

/* The bits of one element, whatever the byte order of the file and of this machine. */
static uint64_t bits_of(const uint8_t *bytes, size_t size, bool big_endian) {
    uint64_t bits = 0;
    for (size_t i = 0; i < size; i++)
        bits = bits << 8 | bytes[big_endian ? i : size - 1 - i];
    return bits;
}

static float half_to_float(uint64_t bits) {
    int exponent = (int)(bits >> 10 & 31);
    float fraction = (float)(bits & 1023);
    float magnitude;
    if (exponent == 31)
        magnitude = fraction > 0 ? NAN : INFINITY;
    else if (exponent == 0)
        magnitude = ldexpf(fraction, -24);
    else
        magnitude = ldexpf(1024 + fraction, exponent - 25);
    return bits >> 15 ? -magnitude : magnitude;
}

static float to_float(uint64_t bits, torch_type type) {
    uint32_t word = (uint32_t)bits;
    double wide;
    float narrow;
    switch (type) {
    case TORCH_FLOAT64:
        memcpy(&wide, &bits, sizeof wide);
        return (float)wide;
    case TORCH_FLOAT16:
        return half_to_float(bits);
    case TORCH_BFLOAT16:
        word <<= 16;
        break;
    default:
        break;
    }
    memcpy(&narrow, &word, sizeof narrow);
    return narrow;
}

static int64_t to_integer(uint64_t bits, torch_type type) {
    switch (type) {
    case TORCH_INT32:
        return (int32_t)bits;
    case TORCH_INT16:
        return (int16_t)bits;
    case TORCH_INT8:
        return (int8_t)bits;
    case TORCH_BOOL:
        return bits != 0;
    default: /* int64, and uint8, which is never negative */
        return (int64_t)bits;
    }
}

status torch_tensor_fill(torch_tensor *t, const pickle_value *value, const void *storage, bool big_endian) {
    bool floating = torch_type_is_floating(t->type);
    void *data = malloc((t->count ? t->count : 1) * (floating ? sizeof(float) : sizeof(int64_t)));
    if (!data)
        return status_fail(STATUS_MEMORY, "out of memory for %s", t->name);
    if (floating)
        t->real = data;
    else
        t->integer = data;

    size_t size = torch_type_size(t->type);
    int index[4] = {0};
    int64_t place = value->tensor.offset;
    for (size_t i = 0; i < t->count; i++) {
        uint64_t bits = bits_of((const uint8_t *)storage + (size_t)place * size, size, big_endian);
        if (floating)
            t->real[i] = to_float(bits, t->type);
        else
            t->integer[i] = to_integer(bits, t->type);
        /* The next element: count up from the last dimension. */
        for (int axis = t->rank - 1; axis >= 0; axis--) {
            place += stride_at(value, axis);
            if (++index[axis] < t->shape[axis])
                break;
            place -= t->shape[axis] * stride_at(value, axis);
            index[axis] = 0;
        }
    }
    return STATUS_OK;
}
