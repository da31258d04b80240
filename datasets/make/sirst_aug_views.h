/* Which part of which image of SIRST the files of SIRST-Aug show: known for the test split, drawn for the training
 * split such that each file has the published number of targets.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_DATASETS_MAKE_SIRST_AUG_VIEWS_H
#define IRST_DATASETS_MAKE_SIRST_AUG_VIEWS_H

#include "core/base/status.h"
#include "core/io/image.h"
#include "datasets/make/sirst_aug.h"

#include <stdint.h>

enum { SIRST_AUG_TRAINING_VIEWS = SIRST_AUG_WINDOWS * SIRST_AUG_TURNS /* of each image */ };

/* A window's upper left corner in the enlarged image, and by how much it is turned. */
typedef struct sirst_aug_view {
    int x, y, degrees;
} sirst_aug_view;

/* The test views, in the order of their files. */
int sirst_aug_test_count(void);
const char *sirst_aug_test_image(int index); /* its name in SIRST */
sirst_aug_view sirst_aug_test_view(int index);

/* The training views of image number `index` of SIRST's trainval list, which is called `name`. `mask` is enlarged.
 * *equal (may be NULL) counts those with the published number of targets. A function of its arguments. STATUS_INPUT if
 * the list has another image there, or none of the mask is target. */
status sirst_aug_training_views(int index, const char *name, const grey_image *mask, uint64_t seed,
                                sirst_aug_view views[SIRST_AUG_TRAINING_VIEWS], int *equal);

#endif
