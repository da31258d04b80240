#include "datasets/file_index.h"

#include "core/base/list_room.h"
#include "core/io/file_io.h"
#include "core/io/image_file.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { DEEPEST = 8 /* folders: a link to a folder above would have no end */ };

static status add_file(file_index *index, const char *path, size_t folder_length) {
    indexed_file *files = list_room(index->files, index->count, sizeof *files);
    if (!files)
        return status_fail(STATUS_MEMORY, "out of memory for the files of a data set");
    index->files = files;
    const char *name = path + folder_length + 1;
    indexed_file *f = &files[index->count++];
    *f = (indexed_file){.path = strdup(path), .name = strndup(name, (size_t)image_stem_length(name))};
    return f->path && f->name ? STATUS_OK : status_fail(STATUS_MEMORY, "out of memory for the files of a data set");
}

static status add_folder(file_index *index, const char *folder, size_t top_length, int depth);

static status add_entries(file_index *index, const char *folder, size_t top_length, int depth, const name_list *names) {
    char path[4096];
    for (int i = 0; i < names->count; i++) {
        TRY(path_join(path, folder, names->names[i], ""));
        if (image_name_is_known(names->names[i], false) && path_is_file(path))
            TRY(add_file(index, path, top_length));
        else if (depth < DEEPEST && path_is_folder(path))
            TRY(add_folder(index, path, top_length, depth + 1));
    }
    return STATUS_OK;
}

static status add_folder(file_index *index, const char *folder, size_t top_length, int depth) {
    name_list names;
    TRY(folder_list(folder, "", &names));
    status result = add_entries(index, folder, top_length, depth, &names);
    name_list_free(&names);
    return result;
}

static int by_name(const void *a, const void *b) {
    const indexed_file *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : strcmp(x->path, y->path);
}

static int by_base(const void *a, const void *b) {
    const indexed_file *x = *(indexed_file *const *)a, *y = *(indexed_file *const *)b;
    int order = strcasecmp(x->base, y->base);
    return order ? order : strcmp(x->path, y->path);
}

static const char *last_part(const char *name) {
    const char *slash = strrchr(name, '/');
    return slash ? slash + 1 : name;
}

static status sort_files(file_index *index) {
    index->by_base = malloc(((size_t)index->count + 1) * sizeof *index->by_base);
    if (!index->by_base)
        return status_fail(STATUS_MEMORY, "out of memory for the files of a data set");
    if (index->count)
        qsort(index->files, (size_t)index->count, sizeof *index->files, by_name);
    for (int i = 0; i < index->count; i++) {
        index->files[i].base = last_part(index->files[i].name);
        index->by_base[i] = &index->files[i];
    }
    if (index->count)
        qsort(index->by_base, (size_t)index->count, sizeof *index->by_base, by_base);
    return STATUS_OK;
}

status file_index_read(const char *folder, file_index *out) {
    *out = (file_index){0};
    size_t length = strlen(folder);
    while (length > 1 && folder[length - 1] == '/')
        length--;
    char top[4096];
    TRY(path_join(top, folder, "", ""));
    top[length] = 0;
    status result = add_folder(out, top, length, 0);
    if (result == STATUS_OK)
        result = sort_files(out);
    if (result != STATUS_OK)
        file_index_free(out);
    return result;
}

void file_index_free(file_index *index) {
    for (int i = 0; i < index->count; i++) {
        free(index->files[i].path);
        free(index->files[i].name);
    }
    free(index->files);
    free(index->by_base);
    *index = (file_index){0};
}

/* How well a file answers to a name; the smaller the better. */
typedef enum likeness { SAME_FILE, SAME_NAME, SAME_BUT_CASE, SAME_LAST_PART, UNLIKE } likeness;

static bool ends_as_path(const char *path, const char *name) {
    size_t length = strlen(path), tail = strlen(name);
    return length >= tail && !strcmp(path + length - tail, name) && (length == tail || path[length - tail - 1] == '/');
}

/* `stem` is `name` without its ending. */
static likeness compare(const indexed_file *f, const char *name, const char *stem) {
    if (strcmp(name, stem) != 0 && ends_as_path(f->path, name))
        return SAME_FILE;
    if (!strcmp(f->name, stem))
        return SAME_NAME;
    if (!strcasecmp(f->name, stem))
        return SAME_BUT_CASE;
    return strchr(stem, '/') ? UNLIKE : SAME_LAST_PART;
}

/* The first entry of by_base that is not below `base`. */
static int first_of_base(const file_index *index, const char *base) {
    int low = 0, high = index->count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (strcasecmp(index->by_base[middle]->base, base) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static const indexed_file *find_stem(const file_index *index, const char *name, const char *stem,
                                     const indexed_file **twice) {
    const indexed_file *best = NULL;
    likeness nearest = UNLIKE;
    const char *base = last_part(stem);
    for (int i = first_of_base(index, base); i < index->count && !strcasecmp(index->by_base[i]->base, base); i++) {
        likeness l = compare(index->by_base[i], name, stem);
        if (l == UNLIKE || l > nearest)
            continue;
        *twice = l == nearest ? index->by_base[i] : NULL;
        best = l == nearest ? best : index->by_base[i];
        nearest = l;
    }
    return best;
}

const indexed_file *file_index_find(const file_index *index, const char *name, const indexed_file **twice) {
    const indexed_file *second = NULL;
    char stem[4096];
    int length = image_stem_length(name);
    if (length >= (int)sizeof stem)
        return NULL;
    memcpy(stem, name, (size_t)length);
    stem[length] = 0;
    const indexed_file *found = find_stem(index, name, stem, &second);
    if (!found && stem[0] && name[length]) /* ".bin", say, is no ending but part of this name */
        found = find_stem(index, name, name, &second);
    if (twice)
        *twice = second;
    return found;
}

const indexed_file *file_index_find_whole(const file_index *index, const char *name, const indexed_file **twice) {
    const indexed_file *second = NULL, *found = find_stem(index, name, name, &second);
    if (found && strcasecmp(found->name, name) != 0)
        found = second = NULL;
    if (twice)
        *twice = second;
    return found;
}
