/* Writes packs; pack.c reads them. */
#include "datasets/pack.h"

#include "core/base/process.h"
#include "datasets/dataset_private.h"

#include <assert.h>
#include <stdlib.h>

struct pack_writer {
    h5_file *file;
    int total;
    int width, height, maximum; /* of every image */
    name_list names, splits;    /* of the samples so far */
    double *scales;             /* PACK_SCALE numbers of each */
};

static status write_row(pack_writer *w, const char *dataset_path, const grey_image *image) {
    if (w->maximum == 65535)
        return h5_write_rows(w->file, dataset_path, H5_UINT16, w->names.count, 1, image->pixels);
    size_t pixels = grey_image_pixels(image);
    uint8_t *narrow = malloc(pixels);
    if (!narrow)
        return status_fail(STATUS_MEMORY, "out of memory while packing %s", h5_path(w->file));
    for (size_t i = 0; i < pixels; i++)
        narrow[i] = (uint8_t)image->pixels[i];
    status result = h5_write_rows(w->file, dataset_path, H5_UINT8, w->names.count, 1, narrow);
    free(narrow);
    return result;
}

/* Before deepen: an image of 8 bits counts to 255 in a pack of 16, too. */
static void note_scale(pack_writer *w, const grey_image *image) {
    bool own = image->value_low != image->value_high;
    double *scale = &w->scales[w->names.count * PACK_SCALE];
    scale[0] = own ? image->value_low : 0;
    scale[1] = own ? image->value_high : image->maximum;
    scale[2] = image->own_scale;
}

static status write_scales(pack_writer *w) {
    const h5_shape shape = {.rank = 2, .size = {w->total, PACK_SCALE}};
    bool plain = true;
    for (int i = 0; i < w->total; i++) {
        const double *scale = &w->scales[i * PACK_SCALE];
        plain = plain && scale[0] == 0 && scale[1] == w->maximum && scale[2] == 0;
    }
    return plain ? STATUS_OK : h5_write(w->file, "scales", H5_FLOAT64, &shape, w->scales);
}

/* An 8-bit image or mask keeps its meaning in a 16-bit pack. */
static void deepen(grey_image *image, int maximum) {
    if (image->maximum == maximum)
        return;
    size_t pixels = grey_image_pixels(image);
    for (size_t i = 0; i < pixels; i++)
        image->pixels[i] = (uint16_t)(image->pixels[i] * 257);
    image->maximum = maximum;
}

/* The first image tells the depth, unless it was set. */
static status begin_images(pack_writer *w, const grey_image *first) {
    h5_shape shape = {.rank = 3, .size = {w->total, first->height, first->width}};
    w->width = first->width;
    w->height = first->height;
    if (w->maximum == 0)
        w->maximum = first->maximum;
    h5_type type = w->maximum == 255 ? H5_UINT8 : H5_UINT16;
    TRY(h5_create_chunked(w->file, "images", type, &shape));
    TRY(h5_create_chunked(w->file, "masks", type, &shape));
    return h5_write_attribute_int(w->file, "images", "full_scale", w->maximum);
}

bool pack_is_called(const char *path) {
    return name_ends(path, ".h5");
}

status pack_begin(const char *path, int total, pack_writer **out) {
    pack_writer *w = *out = calloc(1, sizeof *w);
    if (!w)
        return status_fail(STATUS_MEMORY, "out of memory while packing %s", path);
    w->total = total;
    w->scales = malloc(((size_t)total + 1) * PACK_SCALE * sizeof *w->scales);
    status result =
        w->scales ? h5_create(path, &w->file) : status_fail(STATUS_MEMORY, "out of memory while packing %s", path);
    if (result != STATUS_OK) {
        free(w->scales);
        free(w);
        *out = NULL;
    }
    return result;
}

status pack_add(pack_writer *w, const char *split, const char *name, grey_image *image, grey_image *mask) {
    if (w->names.count == 0)
        TRY(begin_images(w, image));
    if (image->width != w->width || image->height != w->height)
        return status_fail(STATUS_INPUT, "%s: %dx%d, but the first image is %dx%d; pack with --size N", name,
                           image->width, image->height, w->width, w->height);
    if (mask->width != w->width || mask->height != w->height)
        return status_fail(STATUS_INPUT, "%s: its mask is %dx%d, the images are %dx%d", name, mask->width, mask->height,
                           w->width, w->height);
    if (image->maximum > w->maximum || mask->maximum > w->maximum)
        return status_fail(STATUS_INPUT, "%s: %s of 16 bits, but the first image has 8", name,
                           image->maximum > w->maximum ? "an image" : "a mask");
    note_scale(w, image);
    deepen(image, w->maximum);
    deepen(mask, w->maximum);
    TRY(write_row(w, "images", image));
    TRY(write_row(w, "masks", mask));
    TRY(name_list_add(&w->names, name));
    return name_list_add(&w->splits, split);
}

status pack_describe(pack_writer *w, const char *text) {
    return h5_write_attribute_text(w->file, "/", "description", text);
}

status pack_commit(pack_writer *w) {
    assert(w->names.count == w->total);
    status result = h5_write_strings(w->file, "names", (const char *const *)w->names.names, w->names.count);
    if (result == STATUS_OK)
        result = h5_write_strings(w->file, "split", (const char *const *)w->splits.names, w->splits.count);
    if (result == STATUS_OK)
        result = write_scales(w);
    if (result == STATUS_OK) {
        result = h5_commit(w->file);
        w->file = NULL;
    }
    pack_abandon(w);
    return result;
}

void pack_abandon(pack_writer *w) {
    if (!w)
        return;
    h5_close(w->file);
    name_list_free(&w->names);
    name_list_free(&w->splits);
    free(w->scales);
    free(w);
}

static void make_binary(grey_image *mask, mask_rule rule, uint8_t *label) {
    size_t pixels = grey_image_pixels(mask);
    mask_to_label(mask, mask_maximum(mask), rule, label);
    for (size_t i = 0; i < pixels; i++)
        mask->pixels[i] = (uint16_t)(label[i] * mask->maximum);
}

/* A sample as it goes into the pack, but for its depth. */
static status prepare(const pack_options *o, grey_image *image, grey_image *mask) {
    if (o->binary) {
        uint8_t *label = malloc(grey_image_pixels(mask));
        if (!label)
            return status_fail(STATUS_MEMORY, "out of memory for a mask");
        make_binary(mask, o->rule, label);
        free(label);
    }
    if (!o->size)
        return STATUS_OK;
    const grey_image before = *image;
    TRY(resize_image(image, o->size, o->size));
    image->value_low = before.value_low; /* a resized image is a new one, without the file's counting */
    image->value_high = before.value_high;
    image->own_scale = before.own_scale;
    return resize_mask(mask, o->size, o->size);
}

static status pack_sample(pack_writer *w, const dataset *d, int index, const pack_options *o) {
    grey_image image = {0}, mask = {0};
    TRY(dataset_read(d, index, o->size ? MASK_SIZE_MAY_DIFFER : MASK_SIZE_MUST_MATCH, &image, &mask));
    status result = prepare(o, &image, &mask);
    if (result == STATUS_OK) {
        result = pack_add(w, dataset_split(d), dataset_sample_name(d, index), &image, &mask);
        if (result == STATUS_INPUT)
            status_prefix(result, "%s", dataset_name(d));
    }
    grey_image_free(&image);
    grey_image_free(&mask);
    return result;
}

/* Looks for one image or mask of 16 bits: what was written before it would be too shallow. */
static status find_depth(const dataset *d, int *maximum) {
    for (int i = 0; i < dataset_count(d) && *maximum == 255; i++) {
        grey_image image, mask;
        TRY(process_check_signals());
        TRY(dataset_read(d, i, MASK_SIZE_MAY_DIFFER, &image, &mask));
        *maximum = image.maximum > mask.maximum ? image.maximum : mask.maximum;
        grey_image_free(&image);
        grey_image_free(&mask);
    }
    return STATUS_OK;
}

static status pack_all(pack_writer *w, dataset *const *splits, int split_count, const pack_options *options,
                       void (*on_sample)(void *context, int done), void *context) {
    w->maximum = 255;
    if (options->description)
        TRY(pack_describe(w, options->description));
    for (int i = 0; i < split_count; i++)
        TRY(find_depth(splits[i], &w->maximum));
    for (int i = 0; i < split_count; i++)
        for (int k = 0; k < dataset_count(splits[i]); k++) {
            TRY(process_check_signals());
            TRY(pack_sample(w, splits[i], k, options));
            if (on_sample)
                on_sample(context, w->names.count);
        }
    return STATUS_OK;
}

status pack_write(const char *path, dataset *const *splits, int split_count, const pack_options *options,
                  void (*on_sample)(void *context, int done), void *context) {
    int total = 0;
    for (int i = 0; i < split_count; i++)
        total += dataset_count(splits[i]);
    pack_writer *w;
    TRY(pack_begin(path, total, &w));
    status result = pack_all(w, splits, split_count, options, on_sample, context);
    if (result == STATUS_OK)
        return pack_commit(w);
    pack_abandon(w);
    return result;
}
