/* Data sets of PNG files: one folder with list files, or one folder per split. */
#include "datasets/dataset_private.h"

#include <stdio.h>
#include <string.h>

typedef struct path_text {
    char s[4096];
} path_text;

static status join(path_text *out, const char *folder, const char *name, const char *suffix) {
    return path_join(out->s, folder, name, suffix);
}

static void strip_png(char *name) {
    size_t length = strlen(name);
    if (length > 4 && !strcmp(name + length - 4, ".png"))
        name[length - 4] = 0;
}

static status add_sample(dataset *d, const char *folder, const char *name) {
    path_text images, masks, image, mask;
    TRY(join(&images, folder, "images", ""));
    TRY(join(&masks, folder, "masks", ""));
    TRY(join(&image, images.s, name, ".png"));
    TRY(join(&mask, masks.s, name, ".png"));
    if (!path_is_file(image.s))
        return status_fail(STATUS_INPUT, "%s: no such image, but split %s names it", image.s, d->split);
    if (!path_is_file(mask.s)) {
        path_text sirst; /* SIRST's own naming */
        TRY(join(&sirst, masks.s, name, "_pixels0.png"));
        if (!path_is_file(sirst.s))
            return status_fail(STATUS_INPUT, "%s: no such mask (nor %s_pixels0.png)", mask.s, name);
        mask = sirst;
    }
    return dataset_add(d, name, image.s, mask.s);
}

static status add_names(dataset *d, const char *folder, name_list *names) {
    status result = STATUS_OK;
    for (int i = 0; i < names->count && result == STATUS_OK; i++) {
        strip_png(names->names[i]);
        result = dataset_fault(d, add_sample(d, folder, names->names[i]));
    }
    name_list_free(names);
    return result;
}

static status add_list(dataset *d, const char *folder, const char *list) {
    name_list names = {0};
    TRY(name_list_read(list, &names));
    if (names.count == 0)
        return status_fail(STATUS_INPUT, "%s: the list is empty", list);
    return add_names(d, folder, &names);
}

static status add_all(dataset *d, const char *folder) {
    path_text images;
    TRY(join(&images, folder, "images", ""));
    name_list names = {0};
    TRY(folder_list(images.s, ".png", &names));
    return add_names(d, folder, &names);
}

static bool has_pairs(const char *folder) {
    path_text images, masks;
    return join(&images, folder, "images", "") == STATUS_OK && join(&masks, folder, "masks", "") == STATUS_OK &&
           path_is_folder(images.s) && path_is_folder(masks.s);
}

/* Finds the list of a split: DIR/SPLIT.txt, or DIR/img_idx/SPLIT_NAME.txt. */
static bool find_list(const char *set, const char *folder, const char *split, path_text *out) {
    char name[400];
    if (join(out, folder, split, ".txt") == STATUS_OK && path_is_file(out->s))
        return true;
    snprintf(name, sizeof name, "img_idx/%s_%s", split, set);
    return join(out, folder, name, ".txt") == STATUS_OK && path_is_file(out->s);
}

bool layout_has_split(const char *name, const char *path, const char *split) {
    path_text found;
    if (has_pairs(path))
        return find_list(name, path, split, &found);
    return join(&found, path, split, "") == STATUS_OK && path_is_folder(found.s);
}

status layout_open(dataset *d, const char *path, const char *split) {
    path_text found;
    const char *other = dataset_other_split(split);
    if (has_pairs(path)) {
        if (!strcmp(split, "all"))
            return add_all(d, path);
        if (find_list(d->name, path, split, &found))
            return add_list(d, path, found.s);
        if (other && find_list(d->name, path, other, &found)) {
            dataset_set_split(d, other);
            return add_list(d, path, found.s);
        }
        return status_fail(STATUS_INPUT, "%s: no list %s.txt beside images/ and masks/ (split 'all' takes every image)",
                           path, split);
    }
    TRY(join(&found, path, split, ""));
    if (has_pairs(found.s))
        return add_all(d, found.s);
    if (other) {
        TRY(join(&found, path, other, ""));
        if (has_pairs(found.s)) {
            dataset_set_split(d, other);
            return add_all(d, found.s);
        }
    }
    return status_fail(STATUS_INPUT, "%s: expected images/ and masks/, or %s/images and %s/masks, in this folder", path,
                       split, split);
}
