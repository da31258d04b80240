#include "datasets/make/new_folder.h"

#include "core/base/process.h"
#include "core/io/file_io.h"
#include "core/io/png_io.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

status new_folder_begin(const char *path, new_folder *out) {
    if (path_is_folder(path) || path_is_file(path))
        return status_fail(STATUS_INPUT, "%s exists already", path);
    size_t length = strlen(path);
    while (length > 1 && path[length - 1] == '/')
        length--;
    if (length + 24 > sizeof out->unfinished)
        return status_fail(STATUS_INPUT, "%.80s...: the path is too long", path);
    snprintf(out->path, sizeof out->path, "%.*s", (int)length, path);
    snprintf(out->unfinished, sizeof out->unfinished, "%.*s.unfinished-%ld", (int)length, path, (long)getpid());
    return folder_create(out->unfinished);
}

static int remove_entry(const char *path, const struct stat *info, int type, struct FTW *walk) {
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

void new_folder_abandon(new_folder *folder) {
    nftw(folder->unfinished, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

status new_folder_commit(new_folder *folder) {
    status result = folder_place(folder->unfinished, folder->path);
    if (result != STATUS_OK)
        new_folder_abandon(folder);
    return result;
}

static status write_grey(const char *parent, const char *kind, const char *name, const grey_image *image) {
    char folder[4096], path[4096];
    TRY(path_join(folder, parent, kind, ""));
    TRY(path_join(path, folder, name, ".png"));
    if (strchr(name, '/')) {
        snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path);
        TRY(folder_create(folder));
    }
    if (image->maximum != 255)
        return png_write_grey16(path, image->width, image->height, image->pixels);
    size_t pixels = grey_image_pixels(image);
    uint8_t *narrow = malloc(pixels);
    if (!narrow)
        return status_fail(STATUS_MEMORY, "out of memory for %s", path);
    for (size_t i = 0; i < pixels; i++)
        narrow[i] = (uint8_t)image->pixels[i];
    status result = png_write_8(path, image->width, image->height, 1, narrow);
    free(narrow);
    return result;
}

status new_folder_write_pair(const char *parent, const char *name, const grey_image *image, const grey_image *mask) {
    TRY(process_check_signals());
    TRY(write_grey(parent, "images", name, image));
    return write_grey(parent, "masks", name, mask);
}

status new_folder_create_pair(const char *parent) {
    char folder[4096];
    TRY(path_join(folder, parent, "images", ""));
    TRY(folder_create(folder));
    TRY(path_join(folder, parent, "masks", ""));
    return folder_create(folder);
}
