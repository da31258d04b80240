/* Which chains of convolutions int8 may round (calibration.h): each is tried alone on some images beside float32. The
 * last stages of an unrolled network can be the ones that do not bear it, since nothing after them mends their errors.
 *
 * Thread rule: as the detector's. */
#ifndef IRST_MODULES_ROUNDING_TRIAL_H
#define IRST_MODULES_ROUNDING_TRIAL_H

#include "modules/detector.h"

typedef struct rounding_trial rounding_trial;

/* The chains of `d` whose ranges are known; `d` must outlive it, and until rounding_trial_free its precision stays
 * float32, and it is not used but through this. Free with rounding_trial_free. */
status rounding_trial_new(detector *d, rounding_trial **out);
/* The ranges of chains that were not dropped are those of `d` again. Accepts NULL. */
void rounding_trial_free(rounding_trial *t);

int rounding_trial_chains(const rounding_trial *t);
/* The name of the chain's first weights, and how many of its layers are rounded. */
const char *rounding_trial_name(const rounding_trial *t, int chain);
int rounding_trial_layers(const rounding_trial *t, int chain);

/* One image, as detector_run takes it: runs in float32, and with each chain alone rounded. */
status rounding_trial_add(rounding_trial *t, const float *image, int width, int height);

/* Of the pixels that are detected either way, above half of the image's largest score, the share that is not detected
 * both ways; 0 without images. */
double rounding_trial_changed(const rounding_trial *t, int chain);

/* The chain's ranges are known no more. */
void rounding_trial_drop(rounding_trial *t, int chain);

#endif
