/* Data sets of image files: one pair of folders with list files, or a pair for each split. */
#include "datasets/dataset_private.h"

#include "core/io/image_file.h"
#include "datasets/pair_folders.h"
#include "datasets/split_folders.h"
#include "datasets/split_lists.h"

#include <stdio.h>
#include <string.h>

/* A set being opened. */
typedef struct opening {
    dataset *d;
    const char *root; /* where the lists are */
    pair_folders folders;
    pair_files files;
} opening;

/* "./images/a.png" and "/data/set/images/a.png" are "a.png" in the folder images. */
static const char *inside_folder(const char *name, const char *folder) {
    const char *slash = strrchr(folder, '/'), *last = slash ? slash + 1 : folder, *rest = NULL;
    size_t length = strlen(last);
    for (const char *at = name; (at = strcasestr(at, last)) != NULL; at += length)
        if ((at == name || at[-1] == '/') && at[length] == '/')
            rest = at + length + 1;
    if (!rest)
        rest = !strncmp(name, "./", 2) ? name + 2 : name;
    return rest;
}

/* What a line calls a file of the index: by its whole name, or by that with the folder before it. */
static const char *name_in(const file_index *files, const char *line, const char *folder) {
    char stem[4096];
    snprintf(stem, sizeof stem, "%.*s", image_stem_length(line), line);
    return file_index_find_whole(files, stem, NULL) ? line : inside_folder(line, folder);
}

static status refuse_twice(const indexed_file *found, const indexed_file *twice, const char *name) {
    if (!twice)
        return STATUS_OK;
    return status_fail(STATUS_INPUT, "%s and %s: both could be meant by '%s'", found->path, twice->path, name);
}

/* A mask beside its image in another tree of folders, where its name alone tells which. */
static const indexed_file *mask_by_base(const opening *o, const indexed_file *image, const indexed_file **twice) {
    const indexed_file *other;
    file_index_find(&o->files.images, image->base, &other);
    return other ? NULL : pair_files_mask(&o->files, image->base, twice);
}

static status find_mask(const opening *o, const indexed_file *image, const char *name, const indexed_file **out) {
    const indexed_file *twice = NULL;
    *out = pair_files_mask(&o->files, image->name, &twice);
    if (!*out)
        *out = pair_files_mask(&o->files, name, &twice);
    if (!*out)
        *out = mask_by_base(o, image, &twice);
    if (!*out || pair_files_is_of_other(&o->files, image, *out))
        return status_fail(STATUS_INPUT, "%s/%s: no such mask (nor %s_pixels0, %s_mask, ...), but the image is there",
                           o->folders.masks, name, name, name);
    return refuse_twice(*out, twice, name);
}

/* Adds the image found for `name`, with the mask that `mask_name` names, or NULL: the one that belongs to it. */
static status add_image(opening *o, const indexed_file *image, const char *name, const char *mask_name) {
    const indexed_file *mask, *twice = NULL;
    char stem[4096];
    snprintf(stem, sizeof stem, "%.*s", image_stem_length(name), name);
    if (!path_stays_inside(stem)) /* "../frames/a", say: found by its last part */
        snprintf(stem, sizeof stem, "%s", image->name);
    if (!mask_name) {
        TRY(find_mask(o, image, stem, &mask));
        return dataset_add(o->d, stem, image->path, mask->path);
    }
    mask = file_index_find(&o->files.masks, mask_name, &twice);
    if (!mask)
        return status_fail(STATUS_INPUT, "%s/%s: no such mask, but split %s names it", o->folders.masks, mask_name,
                           o->d->split);
    TRY(refuse_twice(mask, twice, mask_name));
    return dataset_add(o->d, stem, image->path, mask->path);
}

/* Splits a line with two names, of an image and its mask, at the blank, tab or comma between them. */
static bool part_pair(opening *o, char *line, const indexed_file **image, const char **mask) {
    for (char *at = line; (at = strpbrk(at, " \t,;")) != NULL; at++) {
        char kept = *at;
        *at = 0;
        *mask = at + 1 + strspn(at + 1, " \t,;");
        *image = file_index_find(&o->files.images, name_in(&o->files.images, line, o->folders.images), NULL);
        if (*image && file_index_find(&o->files.masks, name_in(&o->files.masks, *mask, o->folders.masks), NULL))
            return true;
        *at = kept;
    }
    return false;
}

/* Makes the slashes of Windows others; false if there are none. */
static bool turn_slashes(char *line) {
    char *at = strchr(line, '\\');
    for (char *next = at; next; next = strchr(next, '\\'))
        *next = '/';
    return at != NULL;
}

static status add_line(opening *o, char *line) {
    const indexed_file *twice;
    const char *name = name_in(&o->files.images, line, o->folders.images), *mask = NULL;
    const indexed_file *image = file_index_find(&o->files.images, name, &twice);
    if (!image && part_pair(o, line, &image, &mask)) {
        twice = NULL;
        name = name_in(&o->files.images, line, o->folders.images);
        mask = name_in(&o->files.masks, mask, o->folders.masks);
    }
    if (!image && turn_slashes(line))
        return add_line(o, line);
    if (!image)
        return status_fail(STATUS_INPUT, "%s/%s: no such image, but split %s names it", o->folders.images, name,
                           o->d->split);
    TRY(refuse_twice(image, twice, name));
    return add_image(o, image, name, mask);
}

static status add_list(opening *o, const char *list) {
    char path[4096];
    name_list lines;
    TRY(path_join(path, o->root, list, ""));
    TRY(name_list_read(path, &lines));
    status result = lines.count ? STATUS_OK : status_fail(STATUS_INPUT, "%s: the list is empty", path);
    for (int i = 0; i < lines.count && result == STATUS_OK; i++)
        result = dataset_fault(o->d, add_line(o, lines.names[i]));
    name_list_free(&lines);
    return result;
}

/* Every image; `prefix` and a slash come before their names, unless it is "". */
static status add_all(opening *o, const char *prefix) {
    char name[4096];
    for (int i = 0; i < o->files.images.count; i++) {
        const indexed_file *image = &o->files.images.files[i], *mask;
        snprintf(name, sizeof name, "%s%s%s", prefix, *prefix ? "/" : "", image->name);
        status result = find_mask(o, image, image->name, &mask);
        TRY(result == STATUS_OK ? dataset_add(o->d, name, image->path, mask->path) : dataset_fault(o->d, result));
    }
    return STATUS_OK;
}

/* Masks that are no images at all are somebody's boxes. */
static status check_files(const opening *o) {
    if (o->files.images.count == 0)
        return status_fail(STATUS_INPUT, "%s: no image of a known format (%s)", o->folders.images,
                           image_endings().text);
    if (o->files.masks.count == 0)
        return status_fail(STATUS_INPUT,
                           "%s: no mask of a known format (%s); boxes have to be made masks first (prepare boxes)",
                           o->folders.masks, image_endings().text);
    return STATUS_OK;
}

static status open_pair(opening *o, status (*add)(opening *o, const char *text), const char *text) {
    TRY(pair_files_read(&o->folders, &o->files));
    status result = check_files(o);
    if (result == STATUS_OK)
        result = add(o, text);
    pair_files_free(&o->files);
    return result;
}

/* --- one pair of folders, and lists --- */

static status choose_list(opening *o, const name_list *lists, const char *split, const char **out) {
    char seen[1024];
    int choices;
    const char *other = dataset_other_split(split);
    *out = split_lists_choose(lists, split, o->d->name, &choices);
    if (!*out && other) {
        *out = split_lists_choose(lists, other, o->d->name, &choices);
        if (*out)
            dataset_set_split(o->d, other);
    }
    if (*out && choices == 1)
        return STATUS_OK;
    split_lists_print(lists, seen, sizeof seen);
    if (*out)
        return status_fail(STATUS_INPUT,
                           "%s: %d lists could be split %s; name one of them as the split, as in %.*s: %s", o->root,
                           choices, split, (int)(strlen(*out) - strlen(".txt")), *out, seen);
    return status_fail(STATUS_INPUT,
                       "%s: no list %s.txt; lists that are there: %s (split 'all' takes every image, and "
                       "'prepare split' writes lists)",
                       o->root, split, seen);
}

static status open_listed(opening *o, const char *split) {
    name_list lists;
    const char *list;
    TRY(split_lists_find(o->root, &lists));
    status result = choose_list(o, &lists, split, &list);
    if (result == STATUS_OK)
        result = open_pair(o, add_list, list);
    name_list_free(&lists);
    return result;
}

/* --- a pair of folders for each split --- */

/* A folder of the split that has images is meant to be one. */
static status refuse_maskless(const opening *o, const char *split) {
    pair_folders alone;
    bool found;
    TRY(split_folders_find_images(o->root, split, &alone, &found));
    return found ? status_fail(STATUS_INPUT,
                               "%s: images of split %s without masks; expected masks/ beside this folder (or a pair "
                               "called otherwise, see docs/datasets.md)",
                               alone.images, split)
                 : STATUS_OK;
}

static status open_split_folder(opening *o, const char *split) {
    const char *other = dataset_other_split(split);
    bool found;
    TRY(split_folders_find(o->root, split, &o->folders, &found));
    if (!found)
        TRY(refuse_maskless(o, split));
    if (!found && other) {
        TRY(split_folders_find(o->root, other, &o->folders, &found));
        if (found)
            dataset_set_split(o->d, other);
    }
    if (!found)
        return status_fail(STATUS_INPUT, "%s: no folder %s with images and masks, but there are those of other splits",
                           o->root, split);
    return open_pair(o, add_all, "");
}

/* trainval holds what train and val hold. */
static status open_all_split_folders(opening *o) {
    bool has_trainval, found;
    TRY(split_folders_find(o->root, "trainval", &o->folders, &has_trainval));
    for (int i = 0; i < DATASET_SPLITS; i++) {
        if (has_trainval && dataset_is_in_trainval(dataset_split_names[i]))
            continue;
        TRY(split_folders_find(o->root, dataset_split_names[i], &o->folders, &found));
        status result = found ? open_pair(o, add_all, dataset_split_names[i])
                              : dataset_fault(o->d, refuse_maskless(o, dataset_split_names[i]));
        TRY(result);
    }
    return STATUS_OK;
}

/* --- which of both --- */

typedef enum layout_kind { LAYOUT_NONE, LAYOUT_LISTED, LAYOUT_SPLIT_FOLDERS } layout_kind;

static status kind_of(const char *root, pair_folders *folders, layout_kind *out) {
    bool found;
    *out = LAYOUT_LISTED;
    TRY(pair_folders_find(root, folders, &found));
    if (found)
        return STATUS_OK;
    *out = LAYOUT_SPLIT_FOLDERS;
    for (int i = 0; i < DATASET_SPLITS; i++) {
        TRY(split_folders_find(root, dataset_split_names[i], folders, &found));
        if (found)
            return STATUS_OK;
    }
    *out = LAYOUT_NONE;
    return STATUS_OK;
}

/* The only folder in `folder`, which an archive may have put round the set. */
static status only_folder(const char *folder, char out[4096], bool *found) {
    name_list entries;
    int folders = 0;
    TRY(folder_list(folder, "", &entries));
    for (int i = 0; i < entries.count; i++) {
        char path[4096];
        if (path_join(path, folder, entries.names[i], "") != STATUS_OK || !path_is_folder(path))
            continue;
        folders++;
        memcpy(out, path, sizeof path);
    }
    name_list_free(&entries);
    *found = folders == 1;
    return STATUS_OK;
}

/* Looks at `path`, then into folders that stand alone. `root` is where the set was found. */
static status find_set(const char *path, char root[4096], pair_folders *folders, layout_kind *out) {
    enum { DEEPEST = 3 };
    char inside[4096];
    bool alone;
    snprintf(root, 4096, "%s", path);
    for (int depth = 0; depth < DEEPEST; depth++) {
        TRY(kind_of(root, folders, out));
        if (*out != LAYOUT_NONE)
            return STATUS_OK;
        TRY(only_folder(root, inside, &alone));
        if (!alone)
            return STATUS_OK;
        memcpy(root, inside, sizeof inside);
    }
    *out = LAYOUT_NONE;
    return STATUS_OK;
}

static status say_none(const char *path, const char *split) {
    pair_folders folders;
    char labels[4096];
    static const char *const boxes[] = {"labels", "Annotations", "annotations"};
    const char *example = strcmp(split, "all") ? split : "train"; /* all of them have no folder */
    bool found;
    TRY(pair_folders_find_images(path, &folders, &found));
    if (!found)
        return status_fail(STATUS_INPUT,
                           "%s: expected images/ and masks/, or %s/images and %s/masks, in this folder (or a pair "
                           "called otherwise, see docs/datasets.md)",
                           path, example, example);
    for (size_t i = 0; i < sizeof boxes / sizeof *boxes; i++)
        if (path_join(labels, path, boxes[i], "") == STATUS_OK && path_is_folder(labels))
            return status_fail(STATUS_INPUT,
                               "%s: images without masks; what is in %s has to be made masks first (prepare boxes)",
                               path, labels);
    return status_fail(STATUS_INPUT, "%s: images without masks; expected masks/ beside them (bin/detect needs none)",
                       path);
}

status layout_open(dataset *d, const char *path, const char *split) {
    char root[4096];
    opening o = {.d = d, .root = root};
    bool all = !strcmp(split, "all");
    layout_kind kind;
    TRY(find_set(path, root, &o.folders, &kind));
    switch (kind) {
    case LAYOUT_LISTED:
        return all ? open_pair(&o, add_all, "") : open_listed(&o, split);
    case LAYOUT_SPLIT_FOLDERS:
        return all ? open_all_split_folders(&o) : open_split_folder(&o, split);
    case LAYOUT_NONE:
        break;
    }
    return say_none(path, split);
}

status layout_has_split(const char *name, const char *path, const char *split, bool *out) {
    char root[4096];
    pair_folders folders;
    layout_kind kind;
    name_list lists;
    int choices;
    *out = false;
    TRY(find_set(path, root, &folders, &kind));
    switch (kind) {
    case LAYOUT_LISTED:
        TRY(split_lists_find(root, &lists));
        *out = split_lists_choose(&lists, split, name, &choices) != NULL;
        name_list_free(&lists);
        break;
    case LAYOUT_SPLIT_FOLDERS:
        TRY(split_folders_find(root, split, &folders, out));
        return *out ? STATUS_OK : split_folders_find_images(root, split, &folders, out);
    case LAYOUT_NONE:
        break;
    }
    return STATUS_OK;
}

status layout_list_folder(const char *path, char out[4096], bool *found) {
    pair_folders folders;
    layout_kind kind;
    TRY(find_set(path, out, &folders, &kind));
    *found = kind == LAYOUT_LISTED;
    return STATUS_OK;
}

status layout_each_pair(const char *path, status (*visit)(void *context, const pair_folders *folders), void *context) {
    char root[4096];
    pair_folders folders;
    layout_kind kind;
    bool found;
    TRY(find_set(path, root, &folders, &kind));
    if (kind == LAYOUT_LISTED)
        return visit(context, &folders);
    for (int i = 0; i < DATASET_SPLITS && kind == LAYOUT_SPLIT_FOLDERS; i++) {
        TRY(split_folders_find(root, dataset_split_names[i], &folders, &found));
        if (found)
            TRY(visit(context, &folders));
    }
    return STATUS_OK;
}
