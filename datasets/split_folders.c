#include "datasets/split_folders.h"

#include <string.h>
#include <strings.h>

/* Other names of the folders. */
static const struct {
    const char *split, *folder;
} longer_names[] = {{"train", "training"}, {"val", "valid"}, {"val", "validation"}, {"test", "testing"}};

enum { LONGER_NAMES = sizeof longer_names / sizeof *longer_names };

typedef status find_function(const char *folder, pair_folders *out, bool *found);

static status find_in_folder(const char *root, const char *folder, find_function *find, pair_folders *out,
                             bool *found) {
    char path[4096];
    TRY(pair_folders_find_one(root, folder, path, found));
    return *found ? find(path, out, found) : STATUS_OK;
}

static status find_of_split(const char *root, const char *split, find_function *find, pair_folders *out, bool *found) {
    TRY(find_in_folder(root, split, find, out, found));
    for (int i = 0; i < LONGER_NAMES && !*found; i++)
        if (!strcmp(split, longer_names[i].split))
            TRY(find_in_folder(root, longer_names[i].folder, find, out, found));
    return STATUS_OK;
}

status split_folders_find(const char *root, const char *split, pair_folders *out, bool *found) {
    return find_of_split(root, split, pair_folders_find, out, found);
}

status split_folders_find_images(const char *root, const char *split, pair_folders *out, bool *found) {
    return find_of_split(root, split, pair_folders_find_images, out, found);
}

static bool begins_with_folder(const char *name, const char *folder) {
    size_t length = strlen(folder);
    return !strncasecmp(name, folder, length) && name[length] == '/';
}

static bool begins_with_split(const char *name) {
    for (int i = 0; i < DATASET_SPLITS; i++)
        if (begins_with_folder(name, dataset_split_names[i]))
            return true;
    for (int i = 0; i < LONGER_NAMES; i++)
        if (begins_with_folder(name, longer_names[i].folder))
            return true;
    return false;
}

const char *split_folders_in_names(const dataset *d) {
    for (int i = 0; i < dataset_count(d); i++)
        if (begins_with_split(dataset_sample_name(d, i)))
            return dataset_sample_name(d, i);
    return NULL;
}
