#include "datasets/check/set_pairing.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool has_file(const char *folder, const char *kind, const char *name, const char *suffix) {
    char parent[4096], path[4096];
    return path_join(parent, folder, kind, "") == STATUS_OK && path_join(path, parent, name, suffix) == STATUS_OK &&
           path_is_file(path);
}

/* "Misc_1_pixels0.png" and "Misc_1.png" both to "Misc_1", whichever of them has an image. */
static bool mask_has_image(const char *folder, char *mask) {
    static const char sirst[] = "_pixels0";
    mask[strlen(mask) - strlen(".png")] = 0;
    if (has_file(folder, "images", mask, ".png"))
        return true;
    size_t length = strlen(mask), tail = sizeof sirst - 1;
    if (length <= tail || strcmp(mask + length - tail, sirst))
        return false;
    mask[length - tail] = 0;
    return has_file(folder, "images", mask, ".png");
}

static status find_in(const char *folder, name_list *findings) {
    char masks[4096], line[4096 + 512];
    name_list files;
    TRY(path_join(masks, folder, "masks", ""));
    TRY(folder_list(masks, ".png", &files));
    status result = STATUS_OK;
    for (int i = 0; i < files.count && result == STATUS_OK; i++) {
        char name[512];
        snprintf(name, sizeof name, "%s", files.names[i]);
        if (mask_has_image(folder, name))
            continue;
        snprintf(line, sizeof line, "%s/%.300s: no image belongs to this mask", masks, files.names[i]);
        result = name_list_add(findings, line);
    }
    name_list_free(&files);
    return result;
}

static bool has_both_folders(const char *folder) {
    char images[4096], masks[4096];
    return path_join(images, folder, "images", "") == STATUS_OK && path_is_folder(images) &&
           path_join(masks, folder, "masks", "") == STATUS_OK && path_is_folder(masks);
}

status set_find_lone_masks(const char *path, name_list *findings) {
    static const char *const splits[] = {"", "trainval", "train", "val", "test"};
    for (size_t i = 0; i < sizeof splits / sizeof *splits; i++) {
        char folder[4096];
        TRY(path_join(folder, path, splits[i], ""));
        if (has_both_folders(folder))
            TRY(find_in(folder, findings));
    }
    return STATUS_OK;
}
