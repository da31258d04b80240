/* A folder of synthetic scenes in the layout of the benchmarks. */
#include "datasets/synthesize.h"

#include "core/file_io.h"
#include "core/png_io.h"

#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct path_text {
    char s[4096];
} path_text;

static status write_8_bit(const char *folder, const char *name, const grey_image *image) {
    path_text path;
    TRY(path_join(path.s, folder, name, ".png"));
    size_t pixels = (size_t)image->width * (size_t)image->height;
    uint8_t *narrow = malloc(pixels);
    if (!narrow)
        return status_fail(STATUS_MEMORY, "out of memory for %s", path.s);
    for (size_t i = 0; i < pixels; i++)
        narrow[i] = (uint8_t)image->pixels[i];
    status result = png_write_8(path.s, image->width, image->height, 1, narrow);
    free(narrow);
    return result;
}

static status write_scene(const char *images, const char *masks, const char *name, uint64_t seed, int index, int size) {
    grey_image image, mask;
    TRY(synthesize_scene(seed, index, size, &image, &mask));
    status result = write_8_bit(images, name, &image);
    if (result == STATUS_OK)
        result = write_8_bit(masks, name, &mask);
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
    path_text images, masks;
    TRY(path_join(images.s, folder, "images", ""));
    TRY(path_join(masks.s, folder, "masks", ""));
    TRY(folder_create(images.s));
    TRY(folder_create(masks.s));
    for (int i = 0; i < train + test; i++) {
        char name[NAME_SIZE];
        snprintf(name, sizeof name, "scene_%05d", i);
        TRY(write_scene(images.s, masks.s, name, seed, i, size));
        if (on_scene)
            on_scene(context, i + 1);
    }
    TRY(write_list(folder, "train", 0, train));
    return write_list(folder, "test", train, test);
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *walk) {
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

status synthesize_folder(const char *path, uint64_t seed, int size, int train, int test,
                         void (*on_scene)(void *context, int done), void *context) {
    if (train < 1 || test < 1 || train > MOST_SCENES - test)
        return status_fail(STATUS_USAGE, "%d training and %d test scenes: expected at least 1 each, %d in all", train,
                           test, MOST_SCENES);
    if (path_is_folder(path) || path_is_file(path))
        return status_fail(STATUS_INPUT, "%s exists already", path);
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    path_text whole, unfinished;
    snprintf(whole.s, sizeof whole.s, "%.*s", (int)length, path);
    if (length + 24 > sizeof unfinished.s)
        return status_fail(STATUS_INPUT, "%s: the path is too long", path);
    snprintf(unfinished.s, sizeof unfinished.s, "%.*s.unfinished-%ld", (int)length, path, (long)getpid());
    TRY(folder_create(unfinished.s));
    status result = fill_folder(unfinished.s, seed, size, train, test, on_scene, context);
    if (result == STATUS_OK && rename(unfinished.s, whole.s))
        result = status_fail(STATUS_OUTPUT, "%s: cannot be put in place of %s", unfinished.s, whole.s);
    if (result != STATUS_OK)
        nftw(unfinished.s, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    return result;
}
