/* What the processes that train together agree on, beside the sums of a step. */
#include "train/trainer_private.h"

#include <zlib.h>

bool trainer_writes(const trainer *t) {
    return peers_rank(t->options->peers) == 0;
}

status trainer_check_peers(const trainer *t) {
    int64_t images = config_int(t->c, "train.batch_size");
    int count = peers_count(t->options->peers);
    if (images >= count)
        return STATUS_OK;
    return status_fail(STATUS_USAGE, "train.batch_size = %lld for %d processes: expected at least one image for each",
                       (long long)images, count);
}

bool trainer_first_says(const trainer *t, bool own) {
    peers *p = t->options->peers;
    return p ? *peers_gather(p, &(double){own}, 1) != 0 : own;
}

void trainer_agree(const trainer *t, bool *stop, bool *save) {
    peers *p = t->options->peers;
    if (!p)
        return;
    const double *all = peers_gather(p, (double[]){*stop, *save}, 2);
    *save = all[1] != 0;
    *stop = false;
    for (int rank = 0; rank < peers_count(p); rank++)
        *stop |= all[2 * rank] != 0;
}

double trainer_sum(const trainer *t, double own) {
    peers *p = t->options->peers;
    if (!p)
        return own;
    const double *all = peers_gather(p, &own, 1);
    double sum = 0;
    for (int rank = 0; rank < peers_count(p); rank++)
        sum += all[rank];
    return sum;
}

static double weights_checksum(trainer *t) {
    const parameter_set *set = detector_parameters(t->d);
    uLong sum = crc32_z(0, NULL, 0);
    for (int i = 0; i < set->count; i++)
        sum = crc32_z(sum, (const Bytef *)set->items[i]->value, set->items[i]->count * sizeof(float));
    return (double)sum;
}

status trainer_compare(trainer *t) {
    static const char *const names[] = {"training images", "validation images", "weights"};
    enum { COUNT = sizeof names / sizeof *names };
    peers *p = t->options->peers;
    if (!p)
        return STATUS_OK;
    const double *all = peers_gather(
        p, (double[COUNT]){(double)t->state.train.checksum, (double)t->state.validation.checksum, weights_checksum(t)},
        COUNT);
    for (int rank = 1; rank < peers_count(p); rank++)
        for (int i = 0; i < COUNT; i++)
            if (all[COUNT * rank + i] != all[i])
                return status_fail(STATUS_INPUT,
                                   "after epoch %lld the %s of process %d are not those of process 0: expected the "
                                   "same program and the same files on every machine",
                                   (long long)t->state.epoch, names[i], rank);
    return STATUS_OK;
}
