/* A folder of synthetic scenes in the layout of the benchmarks. */
#include "datasets/make/synthesize.h"

#include "core/io/file_io.h"
#include "datasets/make/new_folder.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct path_text {
    char s[4096];
} path_text;

static status write_scene(const char *folder, const char *name, uint64_t seed, int index, int size) {
    grey_image image, mask;
    TRY(synthesize_scene(seed, index, size, &image, &mask));
    status result = new_folder_write_pair(folder, name, &image, &mask);
    grey_image_free(&image);
    grey_image_free(&mask);
    return result;
}

enum { NAME_SIZE = 24, MOST_SCENES = 99999 };

static status write_list(const char *folder, const char *list, int first, int count) {
    path_text path;
    TRY(path_join(path.s, folder, list, ".txt"));
    char *text = malloc((size_t)count * NAME_SIZE + 1);
    if (!text)
        return status_fail(STATUS_MEMORY, "out of memory for %s", path.s);
    size_t used = 0;
    for (int i = first; i < first + count; i++)
        used += (size_t)snprintf(text + used, NAME_SIZE, "scene_%05d\n", i);
    status result = file_write(path.s, text, used);
    free(text);
    return result;
}

static status fill_folder(const char *folder, uint64_t seed, int size, int train, int test,
                          void (*on_scene)(void *context, int done), void *context) {
    TRY(new_folder_create_pair(folder));
    for (int i = 0; i < train + test; i++) {
        char name[NAME_SIZE];
        snprintf(name, sizeof name, "scene_%05d", i);
        TRY(write_scene(folder, name, seed, i, size));
        if (on_scene)
            on_scene(context, i + 1);
    }
    TRY(write_list(folder, "train", 0, train));
    return write_list(folder, "test", train, test);
}

status synthesize_folder(const char *path, uint64_t seed, int size, int train, int test,
                         void (*on_scene)(void *context, int done), void *context) {
    if (train < 1 || test < 1 || train > MOST_SCENES - test)
        return status_fail(STATUS_USAGE, "%d training and %d test scenes: expected at least 1 each, %d in all", train,
                           test, MOST_SCENES);
    new_folder folder;
    TRY(new_folder_begin(path, &folder));
    status result = fill_folder(folder.unfinished, seed, size, train, test, on_scene, context);
    if (result == STATUS_OK)
        return new_folder_commit(&folder);
    new_folder_abandon(&folder);
    return result;
}
