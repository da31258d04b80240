/* Reads packs, as pack.h describes them; pack_writer.c writes them. */
#include "datasets/dataset_private.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t pixels_of(const dataset *d) {
    return (size_t)d->width * (size_t)d->height;
}

static void free_strings(char **strings, int count) {
    for (int i = 0; i < count; i++)
        free(strings[i]);
    free(strings);
}

static status check_shapes(dataset *d, const char *path, int count) {
    h5_shape images, masks;
    TRY(h5_get_shape(d->pack, "images", &images));
    TRY(h5_get_shape(d->pack, "masks", &masks));
    bool fits = images.rank == 3 && masks.rank == 3 && images.size[0] == count;
    for (int i = 0; fits && i < 3; i++)
        fits = images.size[i] == masks.size[i] && images.size[i] > 0;
    if (!fits)
        return status_fail(STATUS_INPUT, "%s: expected images and masks of one shape N x H x W with N = %d names", path,
                           count);
    status size = grey_image_check_size(images.size[2], images.size[1]); /* before a row is read */
    if (size != STATUS_OK)
        return status_prefix(size, "%s", path);
    d->height = (int)images.size[1];
    d->width = (int)images.size[2];
    int64_t full = 0;
    TRY(h5_read_attribute_int(d->pack, "images", "full_scale", &full));
    if (full != 255 && full != 65535)
        return status_fail(STATUS_INPUT, "%s: full scale %lld, expected 255 or 65535", path, (long long)full);
    d->pixel_type = full == 255 ? H5_UINT8 : H5_UINT16;
    return STATUS_OK;
}

/* Packs whose pixels are the files' own values have none, nor have those of before there were any. */
static status read_scales(dataset *d, const char *path, int count) {
    h5_shape shape;
    if (!h5_exists(d->pack, "scales"))
        return STATUS_OK;
    TRY(h5_get_shape(d->pack, "scales", &shape));
    if (shape.rank != 2 || shape.size[0] != count || shape.size[1] != PACK_SCALE)
        return status_fail(STATUS_INPUT, "%s: scales of another shape than %d x %d", path, count, PACK_SCALE);
    size_t numbers = (size_t)count * PACK_SCALE;
    d->scales = malloc(numbers * sizeof *d->scales);
    if (!d->scales)
        return status_fail(STATUS_MEMORY, "out of memory for the scales of %s", path);
    TRY(h5_read(d->pack, "scales", H5_FLOAT64, numbers, d->scales));
    for (size_t i = 0; i < numbers; i += PACK_SCALE)
        if (!isfinite(d->scales[i]) || !isfinite(d->scales[i + 1]) || !(d->scales[i] < d->scales[i + 1]))
            return status_fail(STATUS_INPUT, "%s: an image from %g to %g; expected a scale that rises", path,
                               d->scales[i], d->scales[i + 1]);
    return STATUS_OK;
}

static bool same_split(const char *stored, const char *wanted) {
    return !strcmp(wanted, "all") || !strcmp(stored, wanted);
}

static status names_repeat(char *const *names, int count, bool *out) {
    char **sorted = malloc(((size_t)count + 1) * sizeof *sorted);
    *out = false;
    if (!sorted)
        return status_fail(STATUS_MEMORY, "out of memory for %d names", count);
    memcpy(sorted, names, (size_t)count * sizeof *sorted);
    qsort(sorted, (size_t)count, sizeof *sorted, name_compare);
    for (int i = 1; i < count && !*out; i++)
        *out = !strcmp(sorted[i - 1], sorted[i]);
    free(sorted);
    return STATUS_OK;
}

/* In folders of splits a name may stand for another image in each; in all of them its split tells which, as it does
 * in all of the folders. */
static status select_rows(dataset *d, const char *split, char **names, char **splits, int count) {
    bool repeat = false;
    char name[4096];
    d->rows = malloc(((size_t)count + 1) * sizeof *d->rows);
    if (!d->rows)
        return status_fail(STATUS_MEMORY, "out of memory for the names of %s", d->name);
    if (!strcmp(split, "all"))
        TRY(names_repeat(names, count, &repeat));
    for (int i = 0; i < count; i++)
        if (same_split(splits[i], split)) {
            d->rows[d->count] = i;
            snprintf(name, sizeof name, "%s/%s", splits[i], names[i]);
            TRY(dataset_add(d, repeat ? name : names[i], NULL, NULL));
        }
    return STATUS_OK;
}

/* Checkpoints and results have the same ending. */
static status check_parts(const h5_file *pack, const char *path) {
    static const char *const parts[] = {"names", "split", "images", "masks"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!h5_exists(pack, parts[i]))
            return status_fail(STATUS_INPUT, "%s: it has no %s: expected a set made by prepare pack", path, parts[i]);
    return STATUS_OK;
}

status pack_open(dataset *d, const char *path, const char *split) {
    char **names = NULL, **splits = NULL;
    int count = 0, split_count = 0;
    TRY(h5_verify(path));
    TRY(h5_open(path, &d->pack));
    TRY(check_parts(d->pack, path));
    TRY(h5_read_strings(d->pack, "names", &names, &count));
    status result = h5_read_strings(d->pack, "split", &splits, &split_count);
    if (result == STATUS_OK && split_count != count)
        result = status_fail(STATUS_INPUT, "%s: %d names but %d splits", path, count, split_count);
    if (result == STATUS_OK)
        result = check_shapes(d, path, count);
    if (result == STATUS_OK)
        result = read_scales(d, path, count);
    if (result == STATUS_OK)
        result = select_rows(d, split, names, splits, count);
    const char *other = dataset_other_split(split);
    if (result == STATUS_OK && d->count == 0 && other) {
        free(d->rows);
        d->rows = NULL;
        dataset_set_split(d, other);
        result = select_rows(d, other, names, splits, count);
    }
    free_strings(names, count);
    free_strings(splits, split_count);
    return result;
}

/* The values come as wider ones than pixels, as which HDF5 would clip them. */
static status take_pixels(const dataset *d, const char *dataset_path, const int32_t *values, grey_image *out) {
    for (size_t i = 0; i < pixels_of(d); i++) {
        if (values[i] < 0 || values[i] > out->maximum)
            return status_fail(STATUS_INPUT, "%s: %s: a pixel of %d; expected 0 to %d, the full scale",
                               h5_path(d->pack), dataset_path, values[i], out->maximum);
        out->pixels[i] = (uint16_t)values[i];
    }
    return STATUS_OK;
}

static status read_row(const dataset *d, const char *dataset_path, int64_t row, grey_image *out) {
    int32_t *values = malloc(pixels_of(d) * sizeof *values);
    *out = (grey_image){0};
    if (!values)
        return status_fail(STATUS_MEMORY, "out of memory for an image of %s", h5_path(d->pack));
    status result = h5_read_rows(d->pack, dataset_path, H5_INT32, row, 1, pixels_of(d), values);
    if (result == STATUS_OK)
        result = grey_image_new(d->width, d->height, d->pixel_type == H5_UINT8 ? 255 : 65535, out);
    if (result == STATUS_OK)
        result = take_pixels(d, dataset_path, values, out);
    free(values);
    if (result != STATUS_OK)
        grey_image_free(out);
    return result;
}

static void restore_scale(const dataset *d, int64_t row, grey_image *image) {
    if (!d->scales)
        return;
    const double *scale = &d->scales[row * PACK_SCALE];
    image->value_low = scale[0];
    image->value_high = scale[1];
    image->own_scale = scale[2] != 0;
}

status pack_read(const dataset *d, int index, grey_image *image, grey_image *mask) {
    if (image) {
        TRY(read_row(d, "images", d->rows[index], image));
        restore_scale(d, d->rows[index], image);
    }
    if (mask) {
        status result = read_row(d, "masks", d->rows[index], mask);
        if (result != STATUS_OK && image)
            grey_image_free(image);
        return result;
    }
    return STATUS_OK;
}
