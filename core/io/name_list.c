/* Lists of names: growing, from a folder, from a text file. */
#include "core/io/file_io.h"

#include "core/base/list_room.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/types.h>

#define LONGEST_NAME 4095 /* no path can be longer, so no name can */
/* Of a list in a file: a hundred times the largest sets, and no more memory than any machine has. */
#define LARGEST_LIST ((size_t)64 << 20) /* bytes */
#define MOST_NAMES (1 << 21)

status name_list_add(name_list *list, const char *name) {
    if (list->count == INT_MAX)
        return status_fail(STATUS_MEMORY, "a list has too many names");
    char **names = list_room(list->names, list->count, sizeof *names);
    if (names == NULL)
        return status_fail(STATUS_MEMORY, "out of memory for a list of %d names", list->count + 1);
    list->names = names;
    char *copy = strdup(name);
    if (copy == NULL)
        return status_fail(STATUS_MEMORY, "out of memory for a list of %d names", list->count + 1);
    list->names[list->count++] = copy;
    return STATUS_OK;
}

void name_list_free(name_list *list) {
    for (int i = 0; i < list->count; i++)
        free(list->names[i]);
    free(list->names);
    *list = (name_list){0};
}

int name_compare(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

bool name_ends(const char *name, const char *ending) {
    size_t length = strlen(name), tail = strlen(ending);
    return length > tail && strcasecmp(name + length - tail, ending) == 0;
}

static bool ends_in(const char *name, const char *suffix) {
    size_t length = strlen(name), tail = strlen(suffix);
    return length >= tail && strcmp(name + length - tail, suffix) == 0;
}

static status list_entries(const char *folder, DIR *stream, const char *suffix, name_list *out) {
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(stream);
        if (entry == NULL && errno != 0)
            return status_fail(STATUS_INPUT, "%s: the folder cannot be read: %s", folder, strerror(errno));
        if (entry == NULL)
            return STATUS_OK;
        if (entry->d_name[0] != '.' && ends_in(entry->d_name, suffix))
            TRY(name_list_add(out, entry->d_name));
    }
}

status folder_list(const char *folder, const char *suffix, name_list *out) {
    *out = (name_list){0};
    DIR *stream = opendir(folder);
    if (stream == NULL)
        return status_fail(STATUS_INPUT, "%s: the folder cannot be read: %s", folder, strerror(errno));
    status code = list_entries(folder, stream, suffix, out);
    closedir(stream);
    if (code != STATUS_OK)
        name_list_free(out);
    else if (out->count > 0)
        qsort(out->names, (size_t)out->count, sizeof *out->names, name_compare);
    return code;
}

/* What editors on Windows put in front of UTF-8. */
static const char mark[] = "\xef\xbb\xbf";

static bool is_utf16(const char *line, size_t length) {
    return length >= 2 && (!memcmp(line, "\xff\xfe", 2) || !memcmp(line, "\xfe\xff", 2));
}

/* Adds the name that stands in `line`, `length` bytes long, without the white space around it. */
static status add_line(const char *path, int number, char *line, size_t length, name_list *out) {
    if (number == 1 && is_utf16(line, length))
        return status_fail(STATUS_INPUT, "%s: is UTF-16; save it as UTF-8", path);
    if (number == 1 && !strncmp(line, mark, sizeof mark - 1)) {
        line += sizeof mark - 1;
        length -= sizeof mark - 1;
    }
    if (memchr(line, '\0', length) != NULL)
        return status_fail(STATUS_INPUT, "%s: line %d has a zero byte; expected a text file of names", path, number);
    const char *blank = " \t\r\n";
    char *name = line + strspn(line, blank);
    size_t left = strlen(name);
    while (left > 0 && strchr(blank, name[left - 1]) != NULL)
        left--;
    name[left] = '\0';
    if (left > LONGEST_NAME)
        return status_fail(STATUS_INPUT, "%s: line %d has %zu bytes; expected a name of at most %d", path, number, left,
                           LONGEST_NAME);
    return left == 0 ? STATUS_OK : name_list_add(out, name);
}

static status add_lines(const char *path, char *text, size_t size, name_list *out) {
    int number = 1;
    for (size_t at = 0; at < size; number++) {
        char *line = text + at, *end = memchr(line, '\n', size - at);
        size_t length = end ? (size_t)(end - line) : size - at;
        at += length + 1;
        line[length] = '\0';
        TRY(add_line(path, number, line, length, out));
        if (out->count > MOST_NAMES)
            return status_fail(STATUS_INPUT, "%s: more than %d names", path, MOST_NAMES);
    }
    return STATUS_OK;
}

status name_list_read(const char *path, name_list *out) {
    uint8_t *text; /* with a byte after its end */
    size_t size;
    *out = (name_list){0};
    TRY(file_read(path, LARGEST_LIST, &text, &size));
    status code = add_lines(path, (char *)text, size, out);
    free(text);
    if (code != STATUS_OK)
        name_list_free(out);
    return code;
}
