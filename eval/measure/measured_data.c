#include "eval/measure/measured_data.h"

#include "core/io/hdf5_io.h"
#include "modules/checkpoint.h"
#include "modules/torch/weights_notes.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Whether one of the sets in `roots`, separated by commas, has this name. */
static bool names_set(char *roots, const char *name) {
    char stored[256], *rest = roots, *root;
    while ((root = strsep(&rest, ",")) != NULL) {
        root += strspn(root, " \t");
        if (!dataset_path_tells_name(root)) /* where the training stood is not known */
            continue;
        dataset_name_of(root, stored, sizeof stored);
        if (!strcmp(stored, name))
            return true;
    }
    return false;
}

/* Whether one split holds all of another by what they are called. */
static bool holds(const char *split, const char *other) {
    bool is_part = !strcasecmp(other, "train") || !strcasecmp(other, "val");
    return !strcasecmp(split, other) || !strcmp(split, "all") || (!strcasecmp(split, "trainval") && is_part);
}

/* *out: the split that the checkpoint was trained on, owned by the caller, if images of `d` are among it; else NULL. */
static status trained_on(const h5_file *file, const dataset *d, char **out) {
    char *roots = NULL, *split = NULL;
    *out = NULL;
    if (!h5_has_attribute(file, "/", "data.root") || !h5_has_attribute(file, "/", "data.train_split"))
        return STATUS_OK;
    status result = h5_read_attribute_text(file, "/", "data.root", &roots);
    if (result == STATUS_OK)
        result = h5_read_attribute_text(file, "/", "data.train_split", &split);
    const char *measured = dataset_split(d);
    if (result == STATUS_OK && (holds(measured, split) || holds(split, measured)) &&
        names_set(roots, dataset_name(d))) {
        *out = split;
        split = NULL;
    }
    free(roots);
    free(split);
    return result;
}

static status say_trained_on(const measured_data *request, const char *checkpoint, const dataset *d) {
    h5_file *file;
    char *seen, within[160] = "";
    status result = checkpoint_open(checkpoint, &file);
    if (result != STATUS_OK)
        return result == STATUS_INPUT ? STATUS_OK : result; /* whoever loads it says why */
    result = trained_on(file, d, &seen);
    if (result == STATUS_OK && seen) {
        char remark[4096];
        if (strcasecmp(seen, dataset_split(d)) != 0)
            snprintf(within, sizeof within, ", which shares images with split %.100s", dataset_split(d));
        snprintf(remark, sizeof remark,
                 "%.3000s was trained on split %.100s of %.200s%s: these figures say nothing about images it has not "
                 "seen",
                 checkpoint, seen, dataset_name(d), within);
        request->say(request->context, remark);
        free(seen);
    }
    h5_close(file);
    return result;
}

static status say_scale(const measured_data *request, const char *checkpoint, const image_sizes *sizes) {
    trained_view trained;
    char remark[4096];
    TRY(weights_read_view(checkpoint, &trained));
    if (trained_view_remark(&trained, checkpoint, request->size, sizes, request->words.size, remark, sizeof remark))
        request->say(request->context, remark);
    return STATUS_OK;
}

static status look_over(const measured_data *request, const dataset *d) {
    name_list remarks = {0};
    dataset_mask_size sizes = request->size > 0 ? MASK_SIZE_MAY_DIFFER : MASK_SIZE_MUST_MATCH;
    set_survey survey = {.rule = request->mask, .resizing = {request->size, request->centred}};
    status result = set_survey_run(d, sizes, &request->words, &remarks, &survey);
    for (int i = 0; i < remarks.count && result == STATUS_OK; i++)
        request->say(request->context, remarks.names[i]);
    name_list_free(&remarks);
    const char *checkpoints[] = {request->checkpoint, request->against};
    for (int i = 0; i < 2 && result == STATUS_OK; i++) {
        if (!checkpoints[i] || !*checkpoints[i])
            continue;
        result = say_trained_on(request, checkpoints[i], d);
        if (result == STATUS_OK)
            result = say_scale(request, checkpoints[i], &survey.sizes);
    }
    return result;
}

status measured_data_open(const measured_data *request, dataset **out) {
    grey_range range = {.kind = RANGE_FULL};
    *out = NULL;
    if (request->range)
        range = *request->range;
    else if (request->checkpoint)
        TRY(weights_read_range(request->checkpoint, &range));
    TRY(dataset_open(request->path, request->split, out));
    dataset_set_range(*out, &range);
    status result = look_over(request, *out);
    if (result == STATUS_OK)
        return STATUS_OK;
    dataset_close(*out);
    *out = NULL;
    return result;
}
