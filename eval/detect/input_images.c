#include "eval/detect/input_images.h"

#include "core/base/list_room.h"
#include "core/base/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEEPEST = 16 /* folders: a link to a folder above would have no end */ };

typedef struct collector {
    const input_options *options;
    input_images *out;
} collector;

static status add_page(input_images *images, const char *path, const char *name, int page) {
    input_image *items = list_room(images->items, images->count, sizeof *items);
    if (!items)
        return status_fail(STATUS_MEMORY, "out of memory for a list of images");
    images->items = items;
    input_image *image = &items[images->count++];
    *image = (input_image){.path = strdup(path), .name = strdup(name), .page = page};
    return image->path && image->name ? STATUS_OK : status_fail(STATUS_MEMORY, "out of memory for a list of images");
}

/* `label`: what the outputs are called after, with its ending. */
static status add_file(collector *c, const char *path, const char *label) {
    image_source source = {.path = path, .raw_width = c->options->raw_width, .raw_height = c->options->raw_height};
    char stem[4096], name[4096 + 16];
    const char *dot = strrchr(label, '.'), *slash = strrchr(label, '/');
    int pages = 1, length = image_stem_length(label);
    if (label[length] == 0 && dot && dot > (slash ? slash + 1 : label)) /* a file given as such may end otherwise */
        length = (int)(dot - label);
    snprintf(stem, sizeof stem, "%.*s", length, label);
    TRY(process_check_signals());
    status counted = image_count_pages(&source, &pages);
    if (counted == STATUS_MEMORY)
        return counted;
    if (counted != STATUS_OK || pages == 1)
        return add_page(c->out, path, stem, 1);
    for (int page = 1; page <= pages; page++) {
        snprintf(name, sizeof name, "%s_%04d", stem, page);
        TRY(add_page(c->out, path, name, page));
    }
    return STATUS_OK;
}

static status add_folder(collector *c, const char *folder, size_t top_length, int depth);

static bool is_searched(const collector *c, const char *folder, int depth) {
    const input_options *options = c->options;
    return options->recursive && depth < DEEPEST && !(options->except && path_is_same(folder, options->except));
}

static status add_entry(collector *c, const char *path, const char *entry, size_t top_length, int depth) {
    if (path_is_folder(path))
        return is_searched(c, path, depth) ? add_folder(c, path, top_length, depth + 1)
                                           : name_list_add(&c->out->left_out, path);
    if (!image_name_is_known(entry, c->options->raw_width > 0))
        return name_list_add(&c->out->left_out, path);
    return add_file(c, path, path + top_length);
}

static status add_folder(collector *c, const char *folder, size_t top_length, int depth) {
    char path[4096];
    name_list entries;
    TRY(folder_list(folder, "", &entries));
    status result = STATUS_OK;
    for (int i = 0; i < entries.count && result == STATUS_OK; i++) {
        result = path_join(path, folder, entries.names[i], "");
        if (result == STATUS_OK)
            result = add_entry(c, path, entries.names[i], top_length, depth);
    }
    name_list_free(&entries);
    return result;
}

static status add_argument(collector *c, const char *argument) {
    const char *slash = strrchr(argument, '/');
    if (path_is_file(argument))
        return add_file(c, argument, slash ? slash + 1 : argument);
    if (!path_is_folder(argument))
        return status_fail(STATUS_INPUT, "%s: %s", argument, path_fault(argument));
    int before = c->out->count;
    char top[4096];
    TRY(path_join(top, argument, "", "")); /* ends in a slash */
    TRY(add_folder(c, top, strlen(top), 0));
    if (c->out->count > before)
        return STATUS_OK;
    return status_fail(STATUS_INPUT, "%s: no image in this folder (%s%s)", argument, image_endings().text,
                       c->options->recursive ? "" : "; --recursive looks into folders in it");
}

static int by_name(const void *a, const void *b) {
    const input_image *x = *(input_image *const *)a, *y = *(input_image *const *)b;
    return strcmp(x->name, y->name);
}

static status refuse_same_names(const input_images *images) {
    input_image **sorted = malloc((size_t)images->count * sizeof *sorted);
    if (!sorted)
        return status_fail(STATUS_MEMORY, "out of memory for a list of images");
    for (int i = 0; i < images->count; i++)
        sorted[i] = &images->items[i];
    qsort(sorted, (size_t)images->count, sizeof *sorted, by_name);
    status result = STATUS_OK;
    for (int i = 1; i < images->count && result == STATUS_OK; i++)
        if (!strcmp(sorted[i - 1]->name, sorted[i]->name))
            result = status_fail(STATUS_USAGE, "%s and %s would write the same files: run them into two folders",
                                 sorted[i - 1]->path, sorted[i]->path);
    free(sorted);
    return result;
}

status input_images_collect(const char *const *arguments, int count, const input_options *options, input_images *out) {
    *out = (input_images){0};
    collector c = {options, out};
    status result = count > 0 ? STATUS_OK : status_fail(STATUS_USAGE, "no INPUT is given");
    for (int i = 0; i < count && result == STATUS_OK; i++)
        result = add_argument(&c, arguments[i]);
    if (result == STATUS_OK)
        result = refuse_same_names(out);
    if (result != STATUS_OK)
        input_images_free(out);
    return result;
}

void input_images_free(input_images *images) {
    for (int i = 0; i < images->count; i++) {
        free(images->items[i].path);
        free(images->items[i].name);
    }
    free(images->items);
    name_list_free(&images->left_out);
    *images = (input_images){0};
}

bool input_images_remark(const input_images *images, char *out, size_t size) {
    enum { SHOWN = 3 };
    const name_list *left = &images->left_out;
    if (left->count == 0)
        return false;
    size_t used = (size_t)snprintf(out, size, "left out, as no images: ");
    for (int i = 0; i < left->count && i < SHOWN && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", i ? ", " : "", left->names[i]);
    if (left->count > SHOWN && used < size)
        snprintf(out + used, size - used, " and %d more", left->count - SHOWN);
    return true;
}
