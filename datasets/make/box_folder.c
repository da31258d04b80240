#include "datasets/make/box_folder.h"

#include "core/io/file_io.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILE_LIMIT = 16 << 20 };

typedef struct box_folder {
    box_source base;
    char path[4096];
} box_folder;

bool box_folder_has(const char *path, const char *ending) {
    name_list names;
    if (!path_is_folder(path) || folder_list(path, ending, &names) != STATUS_OK)
        return false;
    bool any = names.count > 0;
    name_list_free(&names);
    return any;
}

status box_folder_open(const char *path, const char *ending, const box_format *format, box_source **out) {
    name_list files;
    TRY(folder_list(path, ending, &files));
    int named = files.count;
    name_list_free(&files);
    box_folder *f = calloc(1, sizeof *f);
    if (!f)
        return status_fail(STATUS_MEMORY, "out of memory for boxes");
    f->base = (box_source){.format = format, .named = named};
    snprintf(f->path, sizeof f->path, "%s", path);
    *out = &f->base;
    return STATUS_OK;
}

void box_folder_close(box_source *s) {
    free(s);
}

status box_folder_path(const box_source *s, const char *stem, const char *ending, char path[4096]) {
    return path_join(path, ((const box_folder *)s)->path, stem, ending);
}

static status read_stream(FILE *stream, char **out, long *size) {
    struct stat info;
    if (fstat(fileno(stream), &info) != 0 || !S_ISREG(info.st_mode) || info.st_size > FILE_LIMIT)
        return status_fail(STATUS_INPUT, "no file, or larger than %d MiB", FILE_LIMIT >> 20);
    char *text = malloc((size_t)info.st_size + 1);
    if (!text)
        return status_fail(STATUS_MEMORY, "out of memory to read it");
    *size = (long)fread(text, 1, (size_t)info.st_size, stream);
    text[*size] = '\0';
    *out = text;
    return STATUS_OK;
}

status box_folder_read(const char *path, char **out, long *size) {
    *out = NULL;
    FILE *stream = fopen(path, "rb");
    if (!stream)
        return status_fail(STATUS_INPUT, "%s: cannot be opened: %s", path, strerror(errno));
    status result = read_stream(stream, out, size);
    fclose(stream);
    return result == STATUS_OK ? STATUS_OK : status_prefix(result, "%s", path);
}
