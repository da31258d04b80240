/* One value of a configuration: from text, checked against the type, range and choices of its key. */
#include "core/config/config_private.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Beyond this a limit stands for "none": it is not printed. */
#define CONFIG_UNLIMITED 1e18

static void describe_number(const config_key *key, const char *noun, char *out, size_t size) {
    /* As few digits as say the limit exactly: 12 are enough for every integer that a table holds. */
    if (key->minimum > -CONFIG_UNLIMITED && key->maximum < CONFIG_UNLIMITED)
        snprintf(out, size, "%s in %.12g..%.12g", noun, key->minimum, key->maximum);
    else if (key->minimum > -CONFIG_UNLIMITED)
        snprintf(out, size, "%s of at least %.12g", noun, key->minimum);
    else if (key->maximum < CONFIG_UNLIMITED)
        snprintf(out, size, "%s of at most %.12g", noun, key->maximum);
    else
        snprintf(out, size, "%s", noun);
}

/* "poly|constant" becomes "one of poly, constant". */
static void describe_choices(const char *choices, char *out, size_t size) {
    size_t used = (size_t)snprintf(out, size, "one of ");
    for (const char *c = choices; *c && used + 2 < size; c++) {
        if (*c == '|')
            out[used++] = ',';
        out[used++] = *c == '|' ? ' ' : *c;
    }
    out[used] = '\0';
}

void config_key_describe(const config_key *key, char *out, size_t size) {
    switch (key->type) {
    case CONFIG_INT:
        describe_number(key, "an integer", out, size);
        break;
    case CONFIG_REAL:
        describe_number(key, "a number", out, size);
        break;
    case CONFIG_FLAG:
        snprintf(out, size, "true or false");
        break;
    case CONFIG_TEXT:
        snprintf(out, size, "a text");
        break;
    case CONFIG_CHOICE:
        describe_choices(key->choices, out, size);
        break;
    }
}

int config_section_length(const char *name) {
    return (int)strcspn(name, ".");
}

static status refuse(const config_key *key, const char *value, const char *where) {
    char expected[256];
    config_key_describe(key, expected, sizeof expected);
    /* People used to shells write "# ..." after a value, which is taken for a part of it. */
    const char *hint = strchr(value, '#') ? " (a comment after a value starts with ;)" : "";
    return status_fail(STATUS_USAGE, "%s: %s = %.100s: expected %s%s", where, key->name, value, expected, hint);
}

static bool parse_integer(const config_key *key, const char *value, int64_t *out) {
    char *end;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    *out = number;
    return end != value && *end == '\0' && errno == 0 && (double)number >= key->minimum &&
           (double)number <= key->maximum;
}

static bool parse_real(const config_key *key, const char *value, double *out) {
    char *end;
    if (value[strspn(value, "+-.0123456789eE")] != '\0')
        return false; /* strtod would take "inf", "nan" and hexadecimal numbers */
    *out = strtod(value, &end);
    return end != value && *end == '\0' && isfinite(*out) && *out >= key->minimum && *out <= key->maximum;
}

static bool parse_flag(const char *value, bool *out) {
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on", "0", "1"};
    for (int i = 0; i < 8; i++) {
        if (strcasecmp(value, words[i]) == 0) {
            *out = i % 2;
            return true;
        }
    }
    return false;
}

static bool is_choice(const char *choices, const char *value) {
    size_t length = strlen(value);
    for (const char *c = choices; length > 0; c++) {
        size_t word = strcspn(c, "|");
        if (word == length && memcmp(c, value, word) == 0)
            return true;
        c += word;
        if (*c == '\0')
            break;
    }
    return false;
}

/* Refuses what an ini file could not give back: a comment sign after a blank, a line that is too long. */
static status check_writable(const config_key *key, const char *value, const char *where) {
    for (const char *c = value; *c; c++) {
        if (*c == ';' && (c == value || isspace((unsigned char)c[-1])))
            return status_fail(STATUS_USAGE,
                               "%s: %s = %.100s: a value may not hold a ; after a blank: there a "
                               "comment begins in an ini file",
                               where, key->name, value);
    }
    const char *name = key->name + config_section_length(key->name) + 1;
    size_t room = CONFIG_LINE_SIZE - 1 - strlen(" = ") - strlen(name);
    if (strlen(value) > room)
        return status_fail(STATUS_USAGE, "%s: %s = %.60s...: %zu characters; expected at most %zu", where, key->name,
                           value, strlen(value), room);
    return STATUS_OK;
}

status config_entry_set(config_entry *entry, const char *value, const char *where) {
    const config_key *key = entry->key;
    config_entry next = *entry; /* a value that is refused leaves the old one as it was */
    char number[32];
    const char *kept = value;
    TRY(check_writable(key, value, where));
    switch (key->type) {
    case CONFIG_INT:
        if (!parse_integer(key, value, &next.integer))
            return refuse(key, value, where);
        snprintf(number, sizeof number, "%lld", (long long)next.integer);
        kept = number;
        break;
    case CONFIG_REAL:
        if (!parse_real(key, value, &next.real))
            return refuse(key, value, where);
        break;
    case CONFIG_FLAG:
        if (!parse_flag(value, &next.flag))
            return refuse(key, value, where);
        kept = next.flag ? "true" : "false";
        break;
    case CONFIG_CHOICE:
        if (!is_choice(key->choices, value))
            return refuse(key, value, where);
        break;
    case CONFIG_TEXT:
        break;
    }
    next.text = strdup(kept);
    if (next.text == NULL)
        return status_fail(STATUS_MEMORY, "%s: %s: out of memory", where, key->name);
    next.given = true;
    free(entry->text);
    *entry = next;
    return STATUS_OK;
}
