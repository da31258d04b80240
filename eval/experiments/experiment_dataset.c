#include "eval/experiments/experiment.h"

#include "datasets/check/set_survey.h"
#include "modules/checkpoint.h"

#include <stdio.h>

static status look_over(const experiment *e, const dataset *d) {
    static const survey_words words = {.range = "data.range = ", .mask = "evaluate.mask = "};
    const sample_options *o = &e->evaluate.sample;
    name_list remarks = {0};
    status result =
        set_survey_run(d, o->mask, o->size > 0 ? MASK_SIZE_MAY_DIFFER : MASK_SIZE_MUST_MATCH, &words, &remarks, NULL);
    for (int i = 0; i < remarks.count && result == STATUS_OK; i++)
        fprintf(stderr, "%s\n", remarks.names[i]);
    name_list_free(&remarks);
    return result;
}

status experiment_dataset(const experiment *e, int data, const char *checkpoint, dataset **out) {
    grey_range range = {.kind = RANGE_FULL};
    *out = NULL;
    if (checkpoint)
        TRY(checkpoint_read_range(checkpoint, &range));
    TRY(dataset_open(e->data[data].root, e->data[data].split, out));
    dataset_set_range(*out, &range);
    status result = look_over(e, *out);
    if (result == STATUS_OK)
        return STATUS_OK;
    dataset_close(*out);
    *out = NULL;
    return result;
}
