#include "eval/detect/input_images.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_png(const char *name) {
    size_t length = strlen(name);
    return length > 4 && !strcasecmp(name + length - 4, ".png");
}

static status add(input_images *images, const char *path) {
    const char *slash = strrchr(path, '/'), *file = slash ? slash + 1 : path, *dot = strrchr(file, '.');
    size_t length = dot && dot > file ? (size_t)(dot - file) : strlen(file);
    char *name = strndup(file, length);
    if (!name)
        return status_fail(STATUS_MEMORY, "out of memory for a list of images");
    status result = name_list_add(&images->names, name);
    free(name);
    TRY(result);
    TRY(name_list_add(&images->paths, path));
    images->count++;
    return STATUS_OK;
}

static status add_listed(input_images *images, const char *folder, const name_list *files) {
    int before = images->count;
    for (int i = 0; i < files->count; i++) {
        char path[4096];
        if (!is_png(files->names[i]))
            continue;
        TRY(path_join(path, folder, files->names[i], ""));
        TRY(add(images, path));
    }
    return images->count > before ? STATUS_OK : status_fail(STATUS_INPUT, "%s: no PNG file in this folder", folder);
}

static status add_argument(input_images *images, const char *argument) {
    if (path_is_file(argument))
        return add(images, argument);
    if (!path_is_folder(argument))
        return status_fail(STATUS_INPUT, "%s: no such file or folder", argument);
    name_list files;
    TRY(folder_list(argument, "", &files));
    status result = add_listed(images, argument, &files);
    name_list_free(&files);
    return result;
}

typedef struct named_path {
    const char *name, *path;
} named_path;

static int by_name(const void *a, const void *b) {
    return strcmp(((const named_path *)a)->name, ((const named_path *)b)->name);
}

static status refuse_same_names(const input_images *images) {
    named_path *sorted = malloc((size_t)images->count * sizeof *sorted);
    if (!sorted)
        return status_fail(STATUS_MEMORY, "out of memory for a list of images");
    for (int i = 0; i < images->count; i++)
        sorted[i] = (named_path){images->names.names[i], images->paths.names[i]};
    qsort(sorted, (size_t)images->count, sizeof *sorted, by_name);
    status result = STATUS_OK;
    for (int i = 1; i < images->count && result == STATUS_OK; i++)
        if (!strcmp(sorted[i - 1].name, sorted[i].name))
            result = status_fail(STATUS_USAGE, "%s and %s would write the same files: run them into two folders",
                                 sorted[i - 1].path, sorted[i].path);
    free(sorted);
    return result;
}

status input_images_collect(const char *const *arguments, int count, input_images *out) {
    *out = (input_images){0};
    status result = count > 0 ? STATUS_OK : status_fail(STATUS_USAGE, "no INPUT is given");
    for (int i = 0; i < count && result == STATUS_OK; i++)
        result = add_argument(out, arguments[i]);
    if (result == STATUS_OK)
        result = refuse_same_names(out);
    if (result != STATUS_OK)
        input_images_free(out);
    return result;
}

void input_images_free(input_images *images) {
    name_list_free(&images->paths);
    name_list_free(&images->names);
    *images = (input_images){0};
}
