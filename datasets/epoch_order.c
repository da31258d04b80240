#include "datasets/epoch_order.h"

#include "core/base/rng.h"

#include <limits.h>
#include <math.h>

/* Samples of one part: `whole` times all of them, and `rest` more. */
typedef struct share {
    int whole, rest;
} share;

static share share_of(const dataset *d, const double *weights, int part) {
    double weight = weights ? weights[part] : 1;
    int size = dataset_part_size(d, part), whole = (int)weight;
    return (share){whole, (int)(lround(weight * size) - (long)whole * size)};
}

status epoch_order_count(const dataset *d, const double *weights, int *out) {
    double total = 0, most = 1;
    for (int i = 0; i < dataset_part_count(d); i++) {
        double weight = weights ? weights[i] : 1;
        int size = dataset_part_size(d, i);
        if (!(weight > 0 && weight <= PART_WEIGHT_MAX))
            return status_fail(STATUS_USAGE, "weight %g: expected one above 0, at most %d", weight, PART_WEIGHT_MAX);
        double taken = round(weight * size);
        if (taken < 1)
            return status_fail(STATUS_USAGE,
                               "weight %g takes none of the %d images of set %d in %s: expected one that takes some",
                               weight, size, i + 1, dataset_name(d));
        total += taken;
        most = fmax(most, weight);
    }
    if (fmax(total, (most + 1) * dataset_count(d)) > INT_MAX)
        return status_fail(STATUS_USAGE, "weights up to %g of %d images make an epoch of more than %d", most,
                           dataset_count(d), INT_MAX);
    *out = (int)total;
    return STATUS_OK;
}

void epoch_order_fill(const dataset *d, const double *weights, bool keep_order, uint64_t seed, int64_t epoch,
                      int *out) {
    rng choice = rng_new(seed, rng_stream_of("epoch choice") + (uint64_t)epoch);
    int count = 0, first = 0;
    for (int i = 0; i < dataset_part_count(d); i++) {
        int size = dataset_part_size(d, i);
        share s = share_of(d, weights, i);
        for (int k = 0; k < s.whole; k++)
            for (int j = 0; j < size; j++)
                out[count++] = first + j + k * dataset_count(d);
        /* Takes each in turn with the probability that leaves every choice as likely (Knuth's algorithm S). */
        for (int j = 0, left = s.rest; left > 0; j++)
            if (rng_below(&choice, (uint32_t)(size - j)) < (uint32_t)left) {
                out[count++] = first + j + s.whole * dataset_count(d);
                left--;
            }
        first += size;
    }
    rng r = rng_new(seed, rng_stream_of("shuffle") + (uint64_t)epoch);
    if (!keep_order)
        rng_shuffle(&r, out, count);
}
