#include "datasets/check/set_pairing.h"

#include "datasets/dataset_private.h"
#include "datasets/pair_folders.h"

#include <stdio.h>

static status find_lone(name_list *findings, const pair_files *files) {
    char line[4096 + 64];
    for (int i = 0; i < files->masks.count; i++) {
        const indexed_file *mask = &files->masks.files[i];
        if (pair_files_has_image(files, mask))
            continue;
        snprintf(line, sizeof line, "%s: no image belongs to this mask", mask->path);
        TRY(name_list_add(findings, line));
    }
    return STATUS_OK;
}

static status find_in(void *context, const pair_folders *folders) {
    pair_files files;
    TRY(pair_files_read(folders, &files));
    status result = find_lone(context, &files);
    pair_files_free(&files);
    return result;
}

status set_find_lone_masks(const char *path, name_list *findings) {
    return path_is_folder(path) ? layout_each_pair(path, find_in, findings) : STATUS_OK;
}
