/* Configuration files: reading, with file and line in every message; writing; the help. */
#include "core/config/config_private.h"

#include "core/base/process.h"

#include <ctype.h>
#include <errno.h>
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
    char text[CONFIG_LINE_SIZE]; /* the line read last, without its end and without blanks before it */
    int line;                    /* its number */
    char section[CONFIG_LONGEST_NAME + 1];
    seen_key *seen; /* keys of this file */
    int seen_count;
} reader;

/* The next character; a line may end with CR LF, as on Windows, or CR alone, as on old Macs. */
static int read_character(FILE *file) {
    int c = getc(file);
    if (c != '\r')
        return c;
    int next = getc(file);
    if (next != '\n')
        ungetc(next, file);
    return '\n';
}

/* Of a comment what does not fit is dropped: such are the help texts that config_write puts there. */
static status read_line(reader *r, bool *end) {
    int length = 0, c;
    while ((c = read_character(r->file)) != EOF && c != '\n') {
        bool full = length == CONFIG_LINE_SIZE - 1;
        if (c == '\0')
            return status_fail(STATUS_USAGE, "%s:%d: a NUL byte: this is not a text file", r->path, r->line + 1);
        if (full && r->text[0] != ';' && r->text[0] != '#')
            return status_fail(STATUS_USAGE, "%s:%d: the line has %d or more characters; expected fewer", r->path,
                               r->line + 1, CONFIG_LINE_SIZE);
        if (!full && (length > 0 || (c != ' ' && c != '\t')))
            r->text[length++] = (char)c;
    }
    if (c == EOF && ferror(r->file))
        return status_fail(STATUS_USAGE, "%s: cannot be read: %s", r->path, strerror(errno));
    *end = c == EOF && length == 0;
    r->text[length] = '\0';
    r->line++;
    return STATUS_OK;
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

static status take_value(reader *r, const char *key, const char *value) {
    char name[CONFIG_LONGEST_NAME + 1], where[4096 + 32];
    if (r->section[0] == '\0')
        return status_fail(STATUS_USAGE, "%s:%d: %.100s stands before the first [section]", r->path, r->line, key);
    if (snprintf(name, sizeof name, "%s.%s", r->section, key) > CONFIG_LONGEST_NAME)
        return status_fail(STATUS_USAGE, "%s:%d: %.100s...: the key has more than %d characters", r->path, r->line,
                           name, CONFIG_LONGEST_NAME);
    snprintf(where, sizeof where, "%s:%d", r->path, r->line);
    TRY(remember(r, name));
    return config_set(r->target, name, value, where);
}

static status refuse_line(const reader *r) {
    return status_fail(STATUS_USAGE, "%s:%d: expected \"[section]\", \"key = value\" or a comment", r->path, r->line);
}

/* A key on the line of its section would be easy to overlook. */
static status take_section(reader *r, const char *text) {
    size_t length = strcspn(text, "]");
    if (text[length] == '\0' || length == 0 || length > CONFIG_LONGEST_NAME)
        return refuse_line(r);
    const char *rest = text + length + 1;
    rest += strspn(rest, " \t");
    if (*rest != '\0' && *rest != ';' && *rest != '#')
        return status_fail(STATUS_USAGE, "%s:%d: [%.*s] is followed by %.60s; expected a key on a line of its own",
                           r->path, r->line, (int)length, text, rest);
    memcpy(r->section, text, length);
    r->section[length] = '\0';
    return STATUS_OK;
}

/* A comment ends a line from a ; on that stands after a blank. */
static void cut_comment(char *text) {
    for (char *c = text; *c; c++)
        if (*c == ';' && c > text && isspace((unsigned char)c[-1])) {
            *c = '\0';
            return;
        }
}

static void cut_blanks_behind(char *text) {
    size_t length = strlen(text);
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        text[--length] = '\0';
}

static status take_line(reader *r) {
    static const char mark[] = "\xef\xbb\xbf"; /* what some editors put before UTF-8 */
    char *text = r->text + (r->line == 1 && strncmp(r->text, mark, 3) == 0 ? 3 : 0);
    text += strspn(text, " \t");
    if (*text == ';' || *text == '#')
        return STATUS_OK;
    cut_comment(text);
    cut_blanks_behind(text);
    if (*text == '\0')
        return STATUS_OK;
    if (*text == '[')
        return take_section(r, text + 1);
    char *value = text + strcspn(text, "=:");
    if (*value == '\0')
        return refuse_line(r);
    *value++ = '\0';
    cut_blanks_behind(text);
    return take_value(r, text, value);
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

static status read_all(reader *r) {
    for (bool end = false;;) {
        TRY(read_line(r, &end));
        if (end)
            return STATUS_OK;
        TRY(take_line(r));
    }
}

status config_load(config *c, const char *path) {
    reader r = {.target = c, .path = path, .file = open_file(path)};
    if (r.file == NULL)
        return status_fail(STATUS_USAGE, "%s: cannot be opened: %s", path, strerror(errno));
    status result = read_all(&r);
    fclose(r.file);
    for (int i = 0; i < r.seen_count; i++)
        free(r.seen[i].name);
    free(r.seen);
    return result;
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
