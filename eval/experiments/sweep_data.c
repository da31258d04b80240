/* Whether finished trainings are of the data that their sets hold now. */
#include "eval/experiments/sweep.h"

#include "core/io/hdf5_io.h"
#include "datasets/check/set_content.h"
#include "modules/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What trainings are of: the keys that their checkpoints keep as attributes, and what is there under them now. */
enum { ROOT, SPLIT, HOLDOUT, RANGE, KEYS };
static const char *const keys[KEYS] = {"data.root", "data.train_split", "data.holdout", "data.range"};

typedef struct source {
    char *values[KEYS];
    bool known; /* it can be read */
    int64_t images, checksum;
} source;

static void source_free(source *s) {
    for (int k = 0; k < KEYS; k++)
        free(s->values[k]);
    *s = (source){0};
}

static bool same_keys(const source *a, const source *b) {
    bool same = true;
    for (int k = 0; k < KEYS && same; k++)
        same = a->values[k] && b->values[k] && !strcmp(a->values[k], b->values[k]);
    return same;
}

/* Older versions did not note all of it. */
static status read_source(const h5_file *file, source *out) {
    if (!h5_exists(file, "trainer/train_images") || !h5_exists(file, "trainer/train_checksum"))
        return STATUS_OK;
    for (int k = 0; k < KEYS; k++) {
        if (!h5_has_attribute(file, "/", keys[k]))
            return STATUS_OK;
        TRY(h5_read_attribute_text(file, "/", keys[k], &out->values[k]));
    }
    TRY(h5_read(file, "trainer/train_images", H5_INT64, 1, &out->images));
    TRY(h5_read(file, "trainer/train_checksum", H5_INT64, 1, &out->checksum));
    out->known = true;
    return STATUS_OK;
}

static status read_begun(const char *checkpoint, source *out) {
    h5_file *file;
    status result = checkpoint_open(checkpoint, &file);
    if (result != STATUS_OK)
        return result == STATUS_INPUT ? STATUS_OK : result; /* whoever needs it says what is wrong */
    result = read_source(file, out);
    h5_close(file);
    return result;
}

/* --- what is there now --- */

static status sum_up(dataset *set, const source *s, int64_t *images, int64_t *checksum) {
    grey_range range;
    uint32_t content;
    double share = strtod(s->values[HOLDOUT], NULL);
    TRY(grey_range_read(s->values[RANGE], keys[RANGE], &range));
    dataset_set_range(set, &range);
    if (share > 0)
        TRY(dataset_hold_out(set, share, DATASET_KEPT));
    TRY(set_content_find(set, &content));
    *images = dataset_count(set);
    *checksum = set_content_join(0, content);
    return STATUS_OK;
}

/* As a training that begins now would find it. */
static status read_now(source *s) {
    dataset *set;
    TRY(dataset_open(s->values[ROOT], s->values[SPLIT], &set));
    status result = sum_up(set, s, &s->images, &s->checksum);
    dataset_close(set);
    return result;
}

/* A split that cannot be read, as where only the one to evaluate on was copied, tells nothing. */
static status know_now(const source *begun, source *now) {
    if (same_keys(begun, now))
        return STATUS_OK;
    source_free(now);
    for (int k = 0; k < KEYS; k++)
        if (!(now->values[k] = strdup(begun->values[k])))
            return status_fail(STATUS_MEMORY, "out of memory for a data set");
    status result = read_now(now);
    now->known = result == STATUS_OK;
    return result == STATUS_MEMORY ? result : STATUS_OK;
}

/* --- saying it --- */

static status compare(const char *checkpoint, source *begun, source *now) {
    TRY(read_begun(checkpoint, begun));
    if (!begun->known)
        return STATUS_OK;
    TRY(know_now(begun, now));
    if (!now->known || (begun->images == now->images && begun->checksum == now->checksum))
        return STATUS_OK;
    int folder = (int)(strrchr(checkpoint, '/') - checkpoint);
    fprintf(stderr,
            "%.*s was trained on other images or masks than split %s of %s holds now; to train it anew, remove it and "
            "%.*s.done\n",
            folder, checkpoint, begun->values[SPLIT], begun->values[ROOT], folder, checkpoint);
    return STATUS_OK;
}

/* `now` is what the training before was of: all of a data set are mostly of the same. */
static status say_of(const experiment *e, const char *folder, int method, int data, int64_t seed, source *now) {
    char checkpoint[4096];
    bool found;
    source begun = {0};
    TRY(sweep_last_checkpoint(e, folder, method, data, seed, checkpoint, &found));
    status result = found ? compare(checkpoint, &begun, now) : STATUS_OK;
    source_free(&begun);
    return result;
}

status sweep_say_changed(const experiment *e, const char *folder) {
    source now = {0};
    status result = STATUS_OK;
    for (int d = 0; d < e->data_count; d++)
        for (int m = 0; m < e->method_count; m++)
            for (int s = 0; s < e->seed_count && sweep_trains(e, m, d) && result == STATUS_OK; s++)
                result = say_of(e, folder, m, d, e->seeds[s], &now);
    source_free(&now);
    return result;
}
