/* What a split looks like before work begins on it: labels that are none, masks that mean something else than they are
 * read as or lie beside their targets, grey values that fill little of their range. It reads every sample once, so
 * damaged files show too.
 *
 * Thread rule: one thread at a time for each survey; different ones at once. */
#ifndef IRST_DATASETS_CHECK_SET_SURVEY_H
#define IRST_DATASETS_CHECK_SET_SURVEY_H

#include "core/base/status.h"
#include "core/io/file_io.h"
#include "core/io/grey_range.h"
#include "core/io/image_sizes.h"
#include "datasets/check/mask_registration.h"
#include "datasets/check/vanished_targets.h"
#include "datasets/dataset.h"
#include "datasets/preprocess.h"

#include <stdbool.h>
#include <stdint.h>

/* Counts of masks, but where something else is said. */
typedef struct set_survey {
    mask_rule rule;         /* which pixels are target; set before the first sample, as the next two */
    mask_resizing resizing; /* what will be done to the masks, */
    bool finds_shift;       /* `registration` is wanted: the components of every mask are found for it */
    int64_t samples;
    uint32_t content;  /* see set_content.h */
    grey_span span;    /* of the images as they were read */
    image_sizes sizes; /* of the images */
    int64_t empty;     /* all 0 */
    int64_t lost;      /* not all 0, but without a target under the rule */
    int64_t grey;      /* values between 0 and the largest */
    int64_t numbered;  /* of these: 1, 2, .. n, as if they numbered the targets */
    int64_t unequal;   /* of another size than their image */
    int largest;       /* value in any mask */
    int64_t targets;   /* pixels of grey masks that the rule takes, */
    int64_t lit;       /* and those above 0 */
    int64_t resized;   /* targets of masks that become smaller, */
    int64_t vanished;  /* and those that are then gone */
    mask_registration registration;
} set_survey;

/* Adds a sample. STATUS_INPUT if targets cover more than half of it, which no small target does; the message names the
 * mask and what it may be instead. */
status set_survey_add(set_survey *survey, const dataset *d, int index, const grey_image *image, const grey_image *mask);

/* How the reader of the remarks changes what they are about. */
typedef struct survey_words {
    const char *range; /* "--range " or "data.range = " */
    const char *mask;  /* "--mask ", "evaluate.mask = " or, where the rule is fixed, NULL: masks have to be rewritten */
    const char *size;  /* "--size" or "data.size"; NULL where nothing is resized */
    const char *turns; /* what turns images over in training, which hides what masks are off by; NULL: nothing does */
} survey_words;

/* Adds a line to `remarks` for everything that is odd. STATUS_INPUT if no mask has any target under the rule. What a
 * public set is known for is not odd. */
status set_survey_judge(const set_survey *survey, const dataset *d, const survey_words *words, name_list *remarks);

/* Both over all samples of `d`, read under `sizes`. `survey` holds rule and resizing, and receives the rest; `remarks`
 * is added to. */
status set_survey_run(const dataset *d, dataset_mask_size sizes, const survey_words *words, name_list *remarks,
                      set_survey *survey);

#endif
