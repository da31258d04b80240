/* What a run trains on and what it is evaluated on, as the section data of its configuration says: one data set or
 * several together, a share of the training split held out, and how a pair varies.
 *
 * Thread rule: any thread at any time, on different structs. */
#ifndef IRST_TRAIN_TRAINING_DATA_H
#define IRST_TRAIN_TRAINING_DATA_H

#include "core/base/status.h"
#include "core/config/config.h"
#include "core/io/image_sizes.h"
#include "datasets/dataset.h"
#include "datasets/vary/augment.h"

#include <stdbool.h>
#include <stdint.h>

/* What a split holds, to be known again. */
typedef struct data_content {
    int64_t images;
    int64_t checksum; /* of the sets' contents, see set_content.h */
} data_content;

/* A zeroed struct is an empty one. */
typedef struct training_data {
    dataset *train, *validation; /* owned */
    data_content train_content, validation_content;
    image_sizes train_sizes; /* of the images trained on, as they are stored */
    double *weights;         /* of the parts of `train`, owned; NULL: 1 each */
    char validated_on[512];  /* "66 images held out of the split train of NUDT-SIRST" */
    bool validates_on_test;  /* on the very split that figures are published of */
} training_data;

/* Opens the splits and looks all samples over once. `on_notice` (may be NULL) is told in one line each where a set has
 * images that are trained on and also evaluated on, or stand in data.test_split, and what is odd about grey values and
 * labels (see set_survey.h). STATUS_USAGE names the key that is wrong, STATUS_INPUT a file that is. `out` is
 * closed by the caller, also after a failure. */
status training_data_open(const config *c, void (*on_notice)(void *context, const char *text), void *context,
                          training_data *out);
void training_data_close(training_data *data); /* accepts and leaves an empty one */

/* What happens to a pair in training; `crops`: in the epochs on crops (train.crop_epochs). */
augment_options training_augmentation(const config *c, bool crops);

#endif
