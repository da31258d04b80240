/* Batches for training: resized, augmented, shuffled, read ahead by a background thread.
 *
 * Batch b of epoch e is a function of (seed, e, b) alone, so a resumed run continues with the same bits.
 *
 * Thread rule: one thread at a time for each loader, which has a thread of its own beside it. */
#ifndef IRST_DATASETS_LOADER_H
#define IRST_DATASETS_LOADER_H

#include "core/base/status.h"
#include "datasets/dataset.h"
#include "datasets/vary/augment.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct loader_options {
    int batch_size; /* on all ranks */
    int size;       /* of the images and masks delivered: size x size, whatever the augmentation does on the way */
    augment_options augment;
    const double *weights; /* of the parts of the data set (see epoch_order.h); NULL: 1 each */
    bool keep_order;       /* not shuffled */
    bool drop_last;        /* a smaller batch at the end of an epoch is left out */
    uint64_t seed;
    int rank, ranks; /* only this rank's share of each batch is read (core/base/peers.h); ranks 0: there is one */
} loader_options;

/* Dense float32, N x 1 x H x W. images: grey / full scale, in [0, 1]. masks: value / the mask's own maximum,
 * in [0, 1] (soft labels); an empty mask is 0. The last batch of an epoch may be smaller. A rank
 * without an image of it gets one that does not count. */
typedef struct batch {
    int count; /* at least 1 */
    int whole; /* images of the batch on all ranks */
    int size;
    const float *images;
    const float *masks;
} batch;

typedef struct loader loader;

/* The data set and the weights must outlive the loader. Starts the reading thread. */
status loader_new(const dataset *d, const loader_options *options, loader **out);
void loader_free(loader *l); /* stops the thread; accepts NULL */

int loader_samples_per_epoch(const loader *l); /* on all ranks, those of a batch left out by drop_last among them */
int loader_batches_per_epoch(const loader *l); /* samples / batch_size, rounded up, or down with drop_last */

/* Next delivered batch will be number `first_batch` of `epoch`; then on through the following epochs. */
status loader_seek(loader *l, int64_t epoch, int first_batch);
/* The next batch, valid until the next call. A read error of the thread is returned here, with its message.
 */
status loader_next(loader *l, batch *out);

#endif
