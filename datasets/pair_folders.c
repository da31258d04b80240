#include "datasets/pair_folders.h"

#include "core/io/file_io.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

typedef struct layout {
    const char *images, *masks;
} layout;

static const layout layouts[] = {
#define LAYOUT(images, masks) {images, masks},
#include "datasets/layouts.def"
#undef LAYOUT
};

enum { LAYOUTS = sizeof layouts / sizeof *layouts };

/* What may follow the image's name in the name of its mask. */
static const char *const tails[] = {"", "_pixels0", "_mask", "_gt", "_label", "-mask"};

enum { TAILS = sizeof tails / sizeof *tails };

/* The entry of `folder` that is called like the first `length` bytes of `name` but for case. */
static status find_entry(const char *folder, const char *name, size_t length, char out[4096], bool *found) {
    char wanted[256];
    name_list entries;
    snprintf(wanted, sizeof wanted, "%.*s", (int)length, name);
    TRY(path_join(out, folder, wanted, ""));
    *found = path_is_folder(out);
    if (*found)
        return STATUS_OK;
    TRY(folder_list(folder, "", &entries));
    for (int i = 0; i < entries.count && !*found; i++)
        *found = !strcasecmp(entries.names[i], wanted) && path_join(out, folder, entries.names[i], "") == STATUS_OK &&
                 path_is_folder(out);
    name_list_free(&entries);
    return STATUS_OK;
}

status pair_folders_find_one(const char *folder, const char *relative, char out[4096], bool *found) {
    const char *slash = strchr(relative, '/');
    if (!slash)
        return find_entry(folder, relative, strlen(relative), out, found);
    char first[4096];
    TRY(find_entry(folder, relative, (size_t)(slash - relative), first, found));
    return *found ? pair_folders_find_one(first, slash + 1, out, found) : STATUS_OK;
}

status pair_folders_find(const char *folder, pair_folders *out, bool *found) {
    *found = false;
    for (int i = 0; i < LAYOUTS && !*found; i++) {
        TRY(pair_folders_find_one(folder, layouts[i].images, out->images, found));
        if (*found)
            TRY(pair_folders_find_one(folder, layouts[i].masks, out->masks, found));
    }
    return STATUS_OK;
}

status pair_folders_find_images(const char *folder, pair_folders *out, bool *found) {
    out->masks[0] = 0;
    *found = false;
    for (int i = 0; i < LAYOUTS && !*found; i++)
        TRY(pair_folders_find_one(folder, layouts[i].images, out->images, found));
    return STATUS_OK;
}

status pair_files_read(const pair_folders *folders, pair_files *out) {
    *out = (pair_files){0};
    TRY(file_index_read(folders->images, &out->images));
    status result = file_index_read(folders->masks, &out->masks);
    if (result != STATUS_OK)
        pair_files_free(out);
    return result;
}

void pair_files_free(pair_files *files) {
    file_index_free(&files->images);
    file_index_free(&files->masks);
}

typedef const indexed_file *find_function(const file_index *index, const char *name, const indexed_file **twice);

static const indexed_file *mask_with_tail(const pair_files *files, const char *name, find_function *find,
                                          const indexed_file **twice) {
    char mask[4096];
    for (int i = 0; i < TAILS; i++) {
        if (snprintf(mask, sizeof mask, "%s%s", name, tails[i]) >= (int)sizeof mask)
            break;
        const indexed_file *found = find(&files->masks, mask, twice);
        if (found)
            return found;
    }
    return NULL;
}

const indexed_file *pair_files_mask(const pair_files *files, const char *name, const indexed_file **twice) {
    const indexed_file *found = mask_with_tail(files, name, file_index_find_whole, twice);
    return found ? found : mask_with_tail(files, name, file_index_find, twice);
}

/* The name of the image that a mask with this tail belongs to; false if the mask has another one. */
static bool without_tail(const indexed_file *mask, const char *tail, char out[4096]) {
    if (!name_ends(mask->name, tail))
        return false;
    size_t length = strlen(mask->name) - strlen(tail);
    if (length >= 4096)
        return false;
    memcpy(out, mask->name, length);
    out[length] = 0;
    return true;
}

bool pair_files_is_of_other(const pair_files *files, const indexed_file *image, const indexed_file *mask) {
    char name[4096];
    bool other = false;
    for (int i = 0; i < TAILS; i++) {
        if (!without_tail(mask, tails[i], name))
            continue;
        if (!strcmp(name, image->name))
            return false;
        const indexed_file *found = file_index_find_whole(&files->images, name, NULL);
        other = other || (found && !strcmp(found->name, name));
    }
    return other;
}

bool pair_files_has_image(const pair_files *files, const indexed_file *mask) {
    char name[4096];
    for (int i = 0; i < TAILS; i++)
        if (without_tail(mask, tails[i], name) && file_index_find(&files->images, name, NULL))
            return true;
    return false;
}
