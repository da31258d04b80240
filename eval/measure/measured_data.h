/* The data set that a program measures a detector on: opened, spread to its range of grey values, and looked over.
 *
 * Thread rule: any thread at any time; `say` is called by it. */
#ifndef IRST_EVAL_MEASURE_MEASURED_DATA_H
#define IRST_EVAL_MEASURE_MEASURED_DATA_H

#include "core/base/status.h"
#include "datasets/check/set_survey.h"
#include "datasets/dataset.h"
#include "datasets/preprocess.h"

typedef struct measured_data {
    const char *path, *split;
    const grey_range *range; /* NULL: what the checkpoint was trained with */
    const char *checkpoint;  /* NULL for a method */
    const char *against;     /* of another detector that is measured on the same images; NULL or "": there is none */
    mask_rule mask;
    int size;           /* that images and masks are resized to; 0: native, and a mask has its image's */
    bool centred;       /* by Pillow's rules */
    survey_words words; /* how the user changes range, rule and size */
    void (*say)(void *context, const char *remark);
    void *context;
} measured_data;

/* Opens it. What is odd about its values and labels, and whether a checkpoint was trained on this very split, or on
 * images at another scale, is said, a line each. STATUS_INPUT for labels that cannot be meant so, see set_survey.h. */
status measured_data_open(const measured_data *request, dataset **out);

#endif
