#include "datasets/dataset_private.h"

#include "core/base/list_room.h"
#include "core/io/image_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const dataset_split_names[DATASET_SPLITS] = {"trainval", "train", "val", "test"};

bool dataset_is_in_trainval(const char *split) {
    return !strcmp(split, "train") || !strcmp(split, "val");
}

/* The last part of a path, without slashes behind it; its length. */
static const char *last_part(const char *path, int *length) {
    size_t end = strlen(path);
    while (end > 1 && path[end - 1] == '/')
        end--;
    size_t start = end;
    while (start > 0 && path[start - 1] != '/')
        start--;
    *length = (int)(end - start);
    return path + start;
}

bool dataset_path_tells_name(const char *path) {
    int length;
    const char *part = last_part(path, &length);
    return strspn(part, ".") < (size_t)length || length > 2;
}

void dataset_name_of(const char *path, char *out, size_t size) {
    int length;
    char *resolved = dataset_path_tells_name(path) ? NULL : realpath(path, NULL);
    const char *part = last_part(resolved ? resolved : path, &length);
    snprintf(out, size, "%.*s", length, part);
    free(resolved);
    char *suffix = strcasestr(out, ".h5");
    if (suffix && suffix != out && suffix[3] == 0)
        *suffix = 0;
}

status dataset_add(dataset *d, const char *name, const char *image, const char *mask) {
    if (!path_stays_inside(name)) /* pictures are written under the names of samples */
        return status_fail(STATUS_INPUT, "%s: a sample is called '%.200s'; expected a name without '..'", d->name,
                           name);
    sample_files *samples = list_room(d->samples, d->count, sizeof *samples);
    if (!samples)
        return status_fail(STATUS_MEMORY, "out of memory for the names of %s", d->name);
    d->samples = samples;
    sample_files *s = &samples[d->count++];
    *s = (sample_files){strdup(name), image ? strdup(image) : NULL, mask ? strdup(mask) : NULL};
    if (!s->name || (image && !s->image) || (mask && !s->mask))
        return status_fail(STATUS_MEMORY, "out of memory for the names of %s", d->name);
    return STATUS_OK;
}

status dataset_fault(dataset *d, status code) {
    if (code != STATUS_INPUT || !d->faults)
        return code;
    return name_list_add(d->faults, status_message());
}

status dataset_sorted_names(const dataset *d, const char ***out) {
    const char **names = *out = malloc(((size_t)d->count + 1) * sizeof *names);
    if (!names)
        return status_fail(STATUS_MEMORY, "out of memory for the names of %s", d->name);
    for (int i = 0; i < d->count; i++)
        names[i] = d->samples[i].name;
    qsort(names, (size_t)d->count, sizeof *names, name_compare);
    return STATUS_OK;
}

static status refuse_duplicates(dataset *d, const char *path) {
    const char **names;
    TRY(dataset_sorted_names(d, &names));
    status result = STATUS_OK;
    for (int i = 1; i < d->count && result == STATUS_OK; i++)
        if (!strcmp(names[i - 1], names[i]))
            result =
                dataset_fault(d, status_fail(STATUS_INPUT, "%s: split %s names '%s' twice", path, d->split, names[i]));
    free(names);
    return result;
}

const char *dataset_other_split(const char *split) {
    return !strcmp(split, "train") ? "trainval" : !strcmp(split, "trainval") ? "train" : NULL;
}

void dataset_set_split(dataset *d, const char *split) {
    snprintf(d->split, sizeof d->split, "%s", split);
}

status dataset_open_faulty(const char *path, const char *split, name_list *faults, dataset **out) {
    *out = NULL;
    dataset *d = calloc(1, sizeof *d);
    if (!d)
        return status_fail(STATUS_MEMORY, "out of memory for a data set");
    d->faults = faults;
    dataset_name_of(path, d->name, sizeof d->name);
    dataset_set_split(d, split);
    status result = path_is_folder(path) ? layout_open(d, path, split)
                    : path_is_file(path) ? pack_open(d, path, split)
                                         : status_fail(STATUS_INPUT, "%s: %s", path, path_fault(path));
    if (result == STATUS_OK && d->count == 0)
        result = status_fail(STATUS_INPUT, "%s: split %s holds no sample", path, split);
    if (result == STATUS_OK)
        result = refuse_duplicates(d, path);
    if (result != STATUS_OK) {
        dataset_close(d);
        return result;
    }
    *out = d;
    return STATUS_OK;
}

status dataset_open(const char *path, const char *split, dataset **out) {
    return dataset_open_faulty(path, split, NULL, out);
}

status dataset_has_split(const char *path, const char *split, bool *out) {
    char name[256];
    dataset_name_of(path, name, sizeof name);
    if (path_is_folder(path))
        return layout_has_split(name, path, split, out);
    dataset *d;
    status result = dataset_open(path, split, &d);
    *out = result == STATUS_OK && !strcmp(d->split, split);
    dataset_close(d);
    return result == STATUS_INPUT ? STATUS_OK : result; /* a pack without such rows */
}

void sample_files_free(sample_files *s) {
    free(s->name);
    free(s->image);
    free(s->mask);
}

void dataset_close(dataset *d) {
    if (!d)
        return;
    for (int i = 0; i < d->count; i++)
        sample_files_free(&d->samples[i]);
    for (int i = 0; i < d->part_count; i++)
        dataset_close(d->parts[i]);
    free(d->parts);
    free(d->samples);
    free(d->rows);
    free(d->scales);
    h5_close(d->pack);
    free(d);
}

int dataset_count(const dataset *d) {
    return d->count;
}

const char *dataset_name(const dataset *d) {
    return d->name;
}

const char *dataset_split(const dataset *d) {
    return d->split;
}

const char *dataset_sample_name(const dataset *d, int index) {
    return d->samples[index].name;
}

static status read_files(const sample_files *files, dataset_mask_size rule, grey_image *image, grey_image *mask) {
    grey_image one = {0}, two = {0};
    bool check = rule == MASK_SIZE_MUST_MATCH && mask;
    status result = image || check ? image_read(&(image_source){.path = files->image}, &one) : STATUS_OK;
    if (result == STATUS_OK && mask)
        result = image_read(&(image_source){.path = files->mask}, &two);
    if (result == STATUS_OK && check && (one.width != two.width || one.height != two.height))
        result = status_fail(STATUS_INPUT, "%s: %dx%d, but its image %s is %dx%d", files->mask, two.width, two.height,
                             files->image, one.width, one.height);
    if (result == STATUS_OK && image) {
        *image = one;
        one = (grey_image){0};
    }
    if (result == STATUS_OK && mask) {
        *mask = two;
        two = (grey_image){0};
    }
    grey_image_free(&one);
    grey_image_free(&two);
    return result;
}

/* The part that sample `index` stands in; the index becomes the one within it. */
static const dataset *part_of(const dataset *d, int *index) {
    if (!d->parts)
        return d;
    int part = 0;
    while (*index >= d->parts[part]->count)
        *index -= d->parts[part++]->count;
    return d->parts[part];
}

status dataset_read(const dataset *d, int index, dataset_mask_size rule, grey_image *image, grey_image *mask) {
    d = part_of(d, &index);
    TRY(d->pack ? pack_read(d, index, image, mask) : read_files(&d->samples[index], rule, image, mask));
    if (!image)
        return STATUS_OK;
    status result = grey_range_apply(&d->range, image);
    if (result == STATUS_OK)
        return STATUS_OK;
    grey_image_free(image);
    if (mask)
        grey_image_free(mask);
    return result;
}

void dataset_set_range(dataset *d, const grey_range *range) {
    d->range = *range;
    for (int i = 0; i < d->part_count; i++)
        d->parts[i]->range = *range;
}

const grey_range *dataset_range(const dataset *d) {
    return d->parts ? &d->parts[0]->range : &d->range;
}

const char *dataset_mask_path(const dataset *d, int index) {
    d = part_of(d, &index);
    return d->samples[index].mask;
}
