#include "eval/programs/calibration_images.h"

#include "core/base/process.h"
#include "core/io/file_io.h"
#include "core/io/image_file.h"
#include "datasets/dataset.h"
#include "datasets/preprocess.h"
#include "datasets/set_roots.h"
#include "eval/detect/input_images.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One of the two. */
typedef struct source {
    dataset *set; /* NULL: */
    input_images images;
    const char *path;
} source;

struct calibration_images {
    name_list roots;
    source *sources;
    int count, most, size;
    grey_range range;
    grey_span span; /* of the values as stored */
};

/* --- opening --- */

/* A set that is not split is taken whole. */
static status open_training(const char *path, dataset **out) {
    bool found = false;
    for (int i = 0; i < DATASET_SPLITS && !found; i++)
        TRY(dataset_has_split(path, dataset_split_names[i], &found));
    return dataset_open(path, found ? "train" : "all", out);
}

/* A folder within would be part of a set, which then is one that has a fault. */
static bool open_folder(const char *path, input_images *out) {
    if (!path_is_folder(path) || input_images_collect(&path, 1, &(input_options){0}, out) != STATUS_OK)
        return false;
    bool has_folders = false;
    for (int i = 0; i < out->left_out.count; i++)
        has_folders |= path_is_folder(out->left_out.names[i]);
    if (has_folders)
        input_images_free(out);
    return !has_folders;
}

static status open_source(const char *path, source *out) {
    char fault[1024];
    *out = (source){.path = path};
    status result = open_training(path, &out->set);
    if (result != STATUS_INPUT)
        return result;
    snprintf(fault, sizeof fault, "%s", status_message());
    out->set = NULL;
    return open_folder(path, &out->images) ? STATUS_OK : status_fail(result, "%s", fault);
}

static status open_all(const char *data, calibration_images *all) {
    TRY(set_roots_of("DATA", data, &all->roots));
    all->sources = calloc((size_t)all->roots.count, sizeof *all->sources);
    if (!all->sources)
        return status_fail(STATUS_MEMORY, "out of memory for %d data sets", all->roots.count);
    for (; all->count < all->roots.count; all->count++)
        TRY(open_source(all->roots.names[all->count], &all->sources[all->count]));
    return STATUS_OK;
}

status calibration_images_open(const char *data, const grey_range *range, int size, int most,
                               calibration_images **out) {
    calibration_images *all = *out = calloc(1, sizeof *all);
    if (!all)
        return status_fail(STATUS_MEMORY, "out of memory for a list of images");
    all->range = *range;
    all->size = size;
    all->most = most;
    status result = open_all(data, all);
    if (result != STATUS_OK) {
        calibration_images_close(all);
        *out = NULL;
    }
    return result;
}

void calibration_images_close(calibration_images *all) {
    if (!all)
        return;
    for (int i = 0; i < all->count; i++) {
        dataset_close(all->sources[i].set);
        input_images_free(&all->sources[i].images);
    }
    free(all->sources);
    name_list_free(&all->roots);
    free(all);
}

/* --- reading --- */

static int length_of(const source *s) {
    return s->set ? dataset_count(s->set) : s->images.count;
}

static int taken_of(const calibration_images *all, const source *s) {
    return all->most < length_of(s) ? all->most : length_of(s);
}

static status read_stored(const source *s, int index, grey_image *out) {
    if (s->set)
        return dataset_read(s->set, index, MASK_SIZE_MAY_DIFFER, out, NULL);
    const input_image *image = &s->images.items[index];
    return image_read(&(image_source){.path = image->path, .page = image->page}, out);
}

static status view_image(calibration_images *all, grey_image *image, float **out) {
    grey_span_add(&all->span, image);
    TRY(grey_range_apply(&all->range, image));
    if (all->size > 0)
        TRY(resize_image(image, all->size, all->size));
    *out = malloc(grey_image_pixels(image) * sizeof **out);
    if (!*out)
        return status_fail(STATUS_MEMORY, "out of memory for an image of %dx%d", image->width, image->height);
    image_to_unit(image, *out);
    return STATUS_OK;
}

status calibration_images_each(calibration_images *all,
                               status (*use)(void *context, const float *image, int width, int height), void *context) {
    status result = STATUS_OK;
    all->span = (grey_span){0};
    for (int i = 0; i < all->count; i++) {
        const source *s = &all->sources[i];
        int count = taken_of(all, s);
        for (int k = 0; k < count && result == STATUS_OK; k++) {
            grey_image image = {0};
            float *unit = NULL;
            result = process_check_signals();
            if (result == STATUS_OK)
                result = read_stored(s, (int)((int64_t)k * length_of(s) / count), &image);
            if (result == STATUS_OK)
                result = view_image(all, &image, &unit);
            if (result == STATUS_OK)
                result = use(context, unit, image.width, image.height);
            free(unit);
            grey_image_free(&image);
        }
    }
    return result;
}

/* --- what is said --- */

int calibration_images_sources(const calibration_images *all) {
    return all->count;
}

void calibration_images_name(const calibration_images *all, int index, char *out, size_t size) {
    const source *s = &all->sources[index];
    int count = taken_of(all, s);
    const char *plural = count == 1 ? "" : "s";
    char seen[48] = "at their own size";
    if (all->size > 0)
        snprintf(seen, sizeof seen, "at %dx%d", all->size, all->size);
    if (s->set)
        snprintf(out, size, "%d image%s of %s, split %s, %s", count, plural, dataset_name(s->set),
                 dataset_split(s->set), seen);
    else
        snprintf(out, size, "%d image%s of the folder %s, %s", count, plural, s->path, seen);
}

bool calibration_images_remark(const calibration_images *all, char *out, size_t size) {
    return all->range.kind == RANGE_FULL && grey_span_remark(&all->span, "--range ", out, size);
}
