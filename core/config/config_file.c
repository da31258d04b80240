/* Configuration files: reading through libinih with file and line in every message; writing; the help. */
#include "core/config/config_private.h"

#include "core/base/process.h"

#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_KEYS = 4096 /* of one file, each of which is compared with all before */ };

/* --- reading --- */

typedef struct seen_key {
    char *name;
    int line;
} seen_key;

typedef struct reader {
    config *target;
    const char *path;
    FILE *file;
    int line; /* number of the line read last */
    status result;
    seen_key *seen; /* keys of this file */
    int seen_count;
} reader;

/* libinih's reader: one line without its end and without blanks before it, NULL at the end of the file or after a
 * failure. Of a comment what does not fit is dropped: such are the help texts that config_write puts there. Builds of
 * libinih take an indented line for more of the value above it, and go on after an error, unless they are told not to,
 * each in its own way: none of them sees such a line here or is given another after an error. */
static char *read_line(char *line, int size, void *context) {
    reader *r = context;
    int length = 0, c;
    if (r->result != STATUS_OK)
        return NULL;
    while ((c = getc(r->file)) != EOF && c != '\n') {
        if (c == '\0') {
            r->result = status_fail(STATUS_USAGE, "%s:%d: a NUL byte: this is not a text file", r->path, r->line + 1);
            return NULL;
        }
        if (length == size - 1 && (line[0] == ';' || line[0] == '#'))
            continue;
        if (length == size - 1) {
            r->result = status_fail(STATUS_USAGE, "%s:%d: the line has %d or more characters; expected fewer", r->path,
                                    r->line + 1, size);
            return NULL;
        }
        if (length > 0 || (c != ' ' && c != '\t'))
            line[length++] = (char)c;
    }
    if (c == EOF && ferror(r->file)) {
        r->result = status_fail(STATUS_USAGE, "%s: cannot be read: %s", r->path, strerror(errno));
        return NULL;
    }
    if (c == EOF && length == 0)
        return NULL;
    line[length] = '\0';
    r->line++;
    return line;
}

static status remember(reader *r, const char *name) {
    if (r->seen_count == MOST_KEYS)
        return status_fail(STATUS_USAGE, "%s:%d: more than %d keys", r->path, r->line, MOST_KEYS);
    for (int i = 0; i < r->seen_count; i++) {
        if (strcmp(r->seen[i].name, name) == 0)
            return status_fail(STATUS_USAGE, "%s:%d: %s: given before in line %d; expected each key once", r->path,
                               r->line, name, r->seen[i].line);
    }
    seen_key *seen = realloc(r->seen, ((size_t)r->seen_count + 1) * sizeof *seen);
    char *copy = strdup(name);
    if (seen)
        r->seen = seen;
    if (seen == NULL || copy == NULL) {
        free(copy);
        return status_fail(STATUS_MEMORY, "%s: out of memory", r->path);
    }
    r->seen[r->seen_count++] = (seen_key){copy, r->line};
    return STATUS_OK;
}

static status handle(reader *r, const char *section, const char *key, const char *value) {
    char name[2 * CONFIG_LINE_SIZE], where[4096 + 32];
    if (*section == '\0')
        return status_fail(STATUS_USAGE, "%s:%d: %s stands before the first [section]", r->path, r->line, key);
    snprintf(name, sizeof name, "%s.%s", section, key);
    snprintf(where, sizeof where, "%s:%d", r->path, r->line);
    TRY(remember(r, name));
    return config_set(r->target, name, value, where);
}

static int on_entry(void *context, const char *section, const char *key, const char *value) {
    reader *r = context;
    r->result = handle(r, section, key, value);
    return r->result == STATUS_OK;
}

/* "configs/nudt.ini" that is not here is the one that comes with the programs. */
static FILE *open_file(const char *path) {
    char shared[4096];
    FILE *file = fopen(path, "r");
    int reason = errno;
    if (!file && reason == ENOENT && *path != '/' && process_shared_file(path, shared) == STATUS_OK)
        file = fopen(shared, "r");
    errno = reason;
    return file;
}

status config_load(config *c, const char *path) {
    reader r = {.target = c, .path = path, .file = open_file(path)};
    if (r.file == NULL)
        return status_fail(STATUS_USAGE, "%s: cannot be opened: %s", path, strerror(errno));
    int bad_line = ini_parse_stream(read_line, &r, on_entry, &r);
    if (bad_line > 0 && (r.result == STATUS_OK || bad_line < r.line))
        r.result =
            status_fail(STATUS_USAGE, "%s:%d: expected \"[section]\", \"key = value\" or a comment", path, bad_line);
    else if (r.result == STATUS_OK && bad_line < 0)
        r.result = status_fail(STATUS_MEMORY, "%s: out of memory", path);
    fclose(r.file);
    for (int i = 0; i < r.seen_count; i++)
        free(r.seen[i].name);
    free(r.seen);
    return r.result;
}

/* --- writing --- */

static bool same_section(const char *a, const char *b) {
    int length = config_section_length(a);
    return length == config_section_length(b) && memcmp(a, b, (size_t)length) == 0;
}

/* Index of the first key of the section of key `index`. */
static int section_start(const config *c, int index) {
    int first = 0;
    while (!same_section(c->entries[first].key->name, c->entries[index].key->name))
        first++;
    return first;
}

static const char *bare_name(const config_key *key) {
    return key->name + config_section_length(key->name) + 1;
}

/* Calls `line` for every key, section by section even where a section was declared in pieces, and before each
 * section `title`. */
static void each_by_section(const config *c, FILE *stream, void (*title)(const char *, int, bool, FILE *),
                            void (*line)(const config *, const config_entry *, FILE *)) {
    for (int s = 0; s < c->count; s++) {
        if (section_start(c, s) != s)
            continue;
        const char *name = c->entries[s].key->name;
        title(name, config_section_length(name), s == 0, stream);
        for (int i = s; i < c->count; i++) {
            if (section_start(c, i) == s)
                line(c, &c->entries[i], stream);
        }
    }
}

static void print_title(const char *name, int length, bool first, FILE *stream) {
    fprintf(stream, "%s[%.*s]\n", first ? "" : "\n", length, name);
}

static void write_entry(const config *c, const config_entry *entry, FILE *stream) {
    (void)c;
    const config_key *key = entry->key;
    bool has_unit = key->unit && *key->unit;
    fprintf(stream, "; %s%s%s%s\n", key->help, has_unit ? " [" : "", has_unit ? key->unit : "", has_unit ? "]" : "");
    /* A key that has no value yet is left for the reader to fill in. */
    fprintf(stream, entry->text ? "%s = %s\n" : ";%s = %s\n", bare_name(key), entry->text ? entry->text : "");
}

status config_write(const config *c, FILE *stream) {
    each_by_section(c, stream, print_title, write_entry);
    if (fflush(stream) != 0 || ferror(stream))
        return status_fail(STATUS_OUTPUT, "the configuration cannot be written: %s", strerror(errno));
    return STATUS_OK;
}

status config_run_folder(const char *ini, char out[4096]) {
    const char *slash = strrchr(ini, '/'), *name = slash ? slash + 1 : ini, *dot = strrchr(name, '.');
    char stem[256];
    snprintf(stem, sizeof stem, "%.*s", (int)(dot && dot != name ? dot - name : (long)strlen(name)), name);
    return path_join(out, "runs", stem, "");
}

/* --- help --- */

static void help_entry(const config *c, const config_entry *entry, FILE *stream) {
    const config_key *key = entry->key;
    int name_width = 0, value_width = 0;
    char kind[256];
    for (int i = 0; i < c->count; i++) {
        const config_key *other = c->entries[i].key;
        config_key_describe(other, kind, sizeof kind);
        int name = (int)strlen(bare_name(other)), value = (int)strlen(kind);
        name_width = name > name_width ? name : name_width;
        value_width = value > value_width ? value : value_width;
    }
    config_key_describe(key, kind, sizeof kind);
    bool has_unit = key->unit && *key->unit;
    fprintf(stream, "  %-*s  %-*s  %s", name_width, bare_name(key), value_width, kind, key->help);
    if (has_unit)
        fprintf(stream, " [%s]", key->unit);
    if (key->default_value == NULL)
        fprintf(stream, " (must be given)\n");
    else if (*key->default_value == '\0')
        fprintf(stream, " (default: none)\n");
    else
        fprintf(stream, " (default: %s)\n", key->default_value);
}

void config_print_help(const config *c, FILE *stream) {
    each_by_section(c, stream, print_title, help_entry);
}
