#include "eval/experiments/published.h"

#include "core/config/config.h"
#include "core/io/file_io.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLANKS " \t"

struct published {
    config *c;
};

static const char *const sections[] = {"table",  "table_params",  "table_seconds", "average",
                                       "stages", "stages_params", "channels",      "f1_off"};

void published_free(published *p) {
    if (p)
        config_free(p->c);
    free(p);
}

/* Number `index` of a line; false if one of the words up to it is neither a number nor "-". */
static bool number_at(const char *line, int index, double *out) {
    *out = NAN;
    for (int i = 0;; i++) {
        line += strspn(line, BLANKS);
        size_t length = strcspn(line, BLANKS);
        if (length == 0)
            return true;
        char *end = (char *)line + 1;
        double value = NAN;
        if (length != 1 || *line != '-')
            value = strtod(line, &end);
        if (end != line + length)
            return false;
        if (i == index) {
            *out = value;
            return true;
        }
        line += length;
    }
}

static status declare(config *c, const char *section, bool numbers, const char *path) {
    name_list names;
    double ignored;
    TRY(config_undeclared_names(c, section, &names));
    status result = STATUS_OK;
    for (int i = 0; i < names.count && result == STATUS_OK; i++) {
        char key[256];
        snprintf(key, sizeof key, "%s.%s", section, names.names[i]);
        result = config_declare_text(c, section, names.names[i], NULL, "published");
        if (result == STATUS_OK && numbers && !number_at(config_text(c, key), -1, &ignored))
            result = status_fail(STATUS_USAGE, "%s: %s = %s: expected numbers, or - where nothing is published", path,
                                 key, config_text(c, key));
    }
    name_list_free(&names);
    return result;
}

static status read_all(published *p, const char *path) {
    TRY(config_new(&p->c));
    TRY(config_load(p->c, path));
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        TRY(declare(p->c, sections[i], true, path));
    TRY(declare(p->c, "note", false, path));
    return config_check(p->c);
}

status published_read(const char *path, published **out) {
    published *p = *out = calloc(1, sizeof *p);
    if (!p)
        return status_fail(STATUS_MEMORY, "out of memory for %s", path);
    status result = read_all(p, path);
    if (result != STATUS_OK) {
        published_free(p);
        *out = NULL;
    }
    return result;
}

static const char *line_of(const published *p, const char *section, const char *row) {
    char key[512];
    snprintf(key, sizeof key, "%s.%s", section, row);
    return config_is_declared(p->c, key) ? config_text(p->c, key) : NULL;
}

double published_value(const published *p, const char *section, const char *row, int index) {
    const char *line = line_of(p, section, row);
    double value = NAN;
    if (line)
        number_at(line, index, &value);
    return value;
}

const char *published_note(const published *p, const char *table, int number) {
    char row[256];
    snprintf(row, sizeof row, "%s/%d", table, number);
    return line_of(p, "note", row);
}
