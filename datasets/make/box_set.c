#include "datasets/make/box_set.h"

#include "core/io/file_io.h"
#include "core/io/image_file.h"
#include "core/io/text_buffer.h"
#include "datasets/make/new_folder.h"
#include "datasets/pack.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char split[] = "all";

typedef struct box_job {
    const char *images;
    box_source *source;
    name_list names; /* of images, those with an annotation */
    box_fill fill;
    pack_writer *pack; /* NULL: a folder */
    new_folder folder;
    box_set_counts *counts;
    void (*on_sample)(void *context, int done, int total);
    void *context;
} box_job;

static status fill_mask(box_job *job, const grey_image *image, const box_list *boxes, const char *name,
                        grey_image *mask) {
    TRY(grey_image_new(image->width, image->height, 255, mask));
    for (int i = 0; i < boxes->count; i++) {
        status result = box_mask_add(image, &boxes->items[i], job->fill, mask, &job->counts->flat);
        if (result != STATUS_OK)
            return status_prefix(result, "%s: box %d", name, i + 1);
    }
    job->counts->boxes += boxes->count;
    job->counts->empty += boxes->count == 0;
    job->counts->images++;
    return STATUS_OK;
}

static status put(const box_job *job, const char *stem, grey_image *image, grey_image *mask) {
    if (job->pack)
        return pack_add(job->pack, split, stem, image, mask);
    job->counts->recounted += image->value_low != image->value_high;
    return new_folder_write_pair(job->folder.unfinished, stem, image, mask);
}

typedef struct stem_text {
    char s[4096];
} stem_text;

static stem_text stem_of(const char *name) {
    stem_text stem;
    snprintf(stem.s, sizeof stem.s, "%.*s", image_stem_length(name), name);
    return stem;
}

static status convert(box_job *job, const char *name, const grey_image *image, const box_list *boxes) {
    grey_image mask = {0}, copy = *image;
    stem_text stem = stem_of(name);
    status result = fill_mask(job, image, boxes, name, &mask);
    if (result == STATUS_OK)
        result = put(job, stem.s, &copy, &mask);
    grey_image_free(&mask);
    return result;
}

static status read_image(const box_job *job, const char *name, grey_image *out) {
    char path[4096];
    TRY(path_join(path, job->images, name, ""));
    return image_read(&(image_source){.path = path}, out);
}

static status add_image(box_job *job, const char *name) {
    grey_image image = {0};
    box_list boxes = {0};
    TRY(read_image(job, name, &image));
    const box_format *format = job->source->format;
    stem_text stem = stem_of(name);
    status result = STATUS_OK;
    if (format->has(job->source, name, stem.s))
        result = format->read(job->source, name, stem.s, image.width, image.height, &boxes);
    if (result == STATUS_OK)
        result = convert(job, name, &image, &boxes);
    box_list_free(&boxes);
    grey_image_free(&image);
    return result;
}

static int describe(const box_job *job, char *out, size_t size) {
    const box_set_counts *c = job->counts;
    return snprintf(
        out, size,
        "%s\n\nMade by irst %s (prepare boxes) from %d boxes (%s) in %d images, %d of them without a box.\n"
        "%d boxes had nothing brighter than around them and were filled whole. %d images without annotation "
        "were left out.\n",
        box_fill_description(job->fill), IRST_VERSION, c->boxes, c->format, c->images, c->empty, c->flat,
        c->unannotated);
}

static status write_list(const box_job *job) {
    char path[4096];
    text_buffer b;
    TRY(path_join(path, job->folder.unfinished, split, ".txt"));
    TRY(text_buffer_begin(&b));
    for (int i = 0; i < job->names.count; i++)
        fprintf(b.stream, "%s\n", stem_of(job->names.names[i]).s);
    return text_buffer_save(&b, path);
}

static status write_all(box_job *job) {
    for (int i = 0; i < job->names.count; i++) {
        TRY(add_image(job, job->names.names[i]));
        if (job->on_sample)
            job->on_sample(job->context, i + 1, job->names.count);
    }
    char text[2048], path[4096];
    int length = describe(job, text, sizeof text);
    if (job->pack)
        return pack_describe(job->pack, text);
    TRY(write_list(job));
    TRY(path_join(path, job->folder.unfinished, "README.txt", ""));
    return file_write(path, text, (size_t)length);
}

static status write_pack(box_job *job, const char *to) {
    TRY(pack_begin(to, job->names.count, &job->pack));
    status result = write_all(job);
    if (result == STATUS_OK)
        return pack_commit(job->pack);
    pack_abandon(job->pack);
    return result;
}

static status write_folder(box_job *job, const char *to) {
    TRY(new_folder_begin(to, &job->folder));
    status result = new_folder_create_pair(job->folder.unfinished);
    if (result == STATUS_OK)
        result = write_all(job);
    if (result == STATUS_OK)
        return new_folder_commit(&job->folder);
    new_folder_abandon(&job->folder);
    return result;
}

static int by_stem(const void *a, const void *b) {
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;
    int length = image_stem_length(x), other = image_stem_length(y);
    int order = strncmp(x, y, (size_t)(length < other ? length : other));
    return order ? order : length - other;
}

/* Samples are called by their stems: a.png and a.bmp would be one. */
static status refuse_one_stem(const box_job *job) {
    char **names = job->names.names;
    qsort(names, (size_t)job->names.count, sizeof *names, by_stem);
    for (int i = 1; i < job->names.count; i++)
        if (by_stem(&names[i - 1], &names[i]) == 0)
            return status_fail(STATUS_INPUT, "%s: %s and %s would be one sample; expected one image of each name",
                               job->images, names[i - 1], names[i]);
    return STATUS_OK;
}

/* The images that have boxes, or may have none; the others are counted. */
static status choose_images(box_job *job, const name_list *all) {
    const box_format *format = job->source->format;
    int annotated = 0;
    for (int i = 0; i < all->count; i++) {
        const char *name = all->names[i];
        if (!image_name_is_known(name, false))
            continue;
        bool has = format->has(job->source, name, stem_of(name).s);
        annotated += has;
        if (has || format->missing_is_empty)
            TRY(name_list_add(&job->names, name));
        else
            job->counts->unannotated++;
    }
    job->counts->named = job->source->named;
    /* Two images may have one file of boxes, by names that differ in case. */
    job->counts->absent = job->source->named > annotated ? job->source->named - annotated : 0;
    job->counts->stray = job->source->stray;
    if (!annotated)
        return status_fail(STATUS_INPUT, "%s: none of its images (%s) has an annotation (%s)", job->images,
                           image_endings().text, format->title);
    return refuse_one_stem(job);
}

status box_set_write(const char *images, const char *annotations, const char *to, box_fill fill, box_set_counts *counts,
                     void (*on_sample)(void *context, int done, int total), void *context) {
    *counts = (box_set_counts){0};
    box_job job = {.images = images, .fill = fill, .counts = counts, .on_sample = on_sample, .context = context};
    name_list all = {0};
    TRY(folder_list(images, "", &all));
    status result = box_source_open(annotations, images, &job.source);
    if (result == STATUS_OK) {
        counts->format = job.source->format->title;
        if (job.source->format->add_inner)
            result = job.source->format->add_inner(job.source, &all);
        if (result == STATUS_OK)
            result = choose_images(&job, &all);
        if (result == STATUS_OK)
            result = pack_is_called(to) ? write_pack(&job, to) : write_folder(&job, to);
        job.source->format->close(job.source);
    }
    name_list_free(&all);
    name_list_free(&job.names);
    return result;
}
