#include "datasets/make/box_folder.h"

#include "core/io/file_io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { FILE_LIMIT = 16 << 20 };

typedef struct box_folder {
    box_source base;
    char path[4096];
    const char *ending;
    name_list files; /* those that end so, sorted without regard to case */
} box_folder;

bool box_folder_has(const char *path, const char *ending) {
    name_list names;
    if (!path_is_folder(path) || folder_list(path, "", &names) != STATUS_OK)
        return false;
    bool any = false;
    for (int i = 0; i < names.count && !any; i++)
        any = name_ends(names.names[i], ending);
    name_list_free(&names);
    return any;
}

static int without_case(const void *a, const void *b) {
    return strcasecmp(*(const char *const *)a, *(const char *const *)b);
}

static status take_files(box_folder *f, const name_list *all) {
    for (int i = 0; i < all->count; i++) {
        if (!name_ends(all->names[i], f->ending))
            continue;
        TRY(name_list_add(&f->files, all->names[i]));
        f->base.named += strcasecmp(all->names[i], "classes.txt") != 0;
    }
    if (f->files.count)
        qsort(f->files.names, (size_t)f->files.count, sizeof *f->files.names, without_case);
    return STATUS_OK;
}

status box_folder_open(const char *path, const char *ending, const box_format *format, box_source **out) {
    name_list all;
    TRY(folder_list(path, "", &all));
    box_folder *f = calloc(1, sizeof *f);
    status result = f ? STATUS_OK : status_fail(STATUS_MEMORY, "out of memory for boxes");
    if (f) {
        f->base.format = format;
        f->ending = ending;
        snprintf(f->path, sizeof f->path, "%s", path);
        result = take_files(f, &all);
    }
    name_list_free(&all);
    if (result == STATUS_OK)
        *out = &f->base;
    else if (f)
        box_folder_close(&f->base);
    return result;
}

void box_folder_close(box_source *s) {
    name_list_free(&((box_folder *)s)->files);
    free(s);
}

/* The first file that is not below `name`. */
static int first_of(const name_list *files, const char *name) {
    int low = 0, high = files->count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (strcasecmp(files->names[middle], name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The file of `stem`, NULL if there is none; one of the very name goes before others, of which `twice` is a second. */
static const char *find(const box_folder *f, const char *stem, const char **twice) {
    char name[4096];
    const char *best = NULL;
    *twice = NULL;
    if (snprintf(name, sizeof name, "%s%s", stem, f->ending) >= (int)sizeof name)
        return NULL;
    for (int i = first_of(&f->files, name); i < f->files.count && !strcasecmp(f->files.names[i], name); i++) {
        if (!strcmp(f->files.names[i], name)) {
            *twice = NULL;
            return f->files.names[i];
        }
        *twice = best;
        best = f->files.names[i];
    }
    return best;
}

bool box_folder_holds(const box_source *s, const char *name, const char *stem) {
    const char *twice;
    (void)name;
    return find((const box_folder *)s, stem, &twice) != NULL;
}

static status find_path(const box_folder *f, const char *stem, char path[4096]) {
    const char *twice, *file = find(f, stem, &twice);
    if (!file)
        return status_fail(STATUS_INPUT, "%s: no file %s%s", f->path, stem, f->ending);
    if (twice)
        return status_fail(STATUS_INPUT, "%s: %s and %s could both be meant by image %s", f->path, twice, file, stem);
    return path_join(path, f->path, file, "");
}

status box_folder_read(const box_source *s, const char *stem, char path[4096], char **text, size_t *size) {
    uint8_t *bytes; /* with a byte after its end */
    TRY(find_path((const box_folder *)s, stem, path));
    TRY(file_read(path, FILE_LIMIT, &bytes, size));
    bytes[*size] = 0;
    *text = (char *)bytes;
    return STATUS_OK;
}
