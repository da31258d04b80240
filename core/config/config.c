#include "core/config/config_private.h"

#include "core/base/whole_numbers.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

status config_new(config **out) {
    *out = calloc(1, sizeof **out);
    return *out ? STATUS_OK : status_fail(STATUS_MEMORY, "out of memory for a configuration");
}

static void pending_free(config_pending *p) {
    free(p->name);
    free(p->value);
    free(p->where);
}

void config_free(config *c) {
    if (c == NULL)
        return;
    for (int i = 0; i < c->count; i++)
        free(c->entries[i].text);
    for (int i = 0; i < c->pending_count; i++)
        pending_free(&c->pending[i]);
    for (int i = 0; i < c->owned_count; i++)
        free(c->owned[i]);
    free(c->entries);
    free(c->pending);
    free(c->owned);
    free(c);
}

config_entry *config_find(const config *c, const char *name) {
    for (int i = 0; i < c->count; i++) {
        if (strcmp(c->entries[i].key->name, name) == 0)
            return &c->entries[i];
    }
    return NULL;
}

/* --- declaring --- */

/* Applies the assignments that waited for this key, in their order, and drops them. */
static status apply_pending(config *c, config_entry *entry) {
    int kept = 0;
    status result = STATUS_OK;
    for (int i = 0; i < c->pending_count; i++) {
        config_pending *p = &c->pending[i];
        if (result == STATUS_OK && strcmp(p->name, entry->key->name) == 0) {
            result = config_entry_set(entry, p->value, p->where);
            pending_free(p);
        } else {
            c->pending[kept++] = *p;
        }
    }
    c->pending_count = kept;
    return result;
}

status config_declare(config *c, const config_key *keys, int count) {
    if (count <= 0)
        return STATUS_OK;
    config_entry *entries = realloc(c->entries, ((size_t)c->count + (size_t)count) * sizeof *entries);
    if (entries == NULL)
        return status_fail(STATUS_MEMORY, "out of memory for a configuration");
    c->entries = entries;
    for (int i = 0; i < count; i++) {
        assert(keys[i].name[config_section_length(keys[i].name)] == '.'); /* "section.name" */
        assert(config_find(c, keys[i].name) == NULL);
        config_entry *entry = &c->entries[c->count++];
        *entry = (config_entry){.key = &keys[i]};
        if (keys[i].default_value)
            TRY(config_entry_set(entry, keys[i].default_value, "default"));
        entry->given = false;
        TRY(apply_pending(c, entry));
    }
    return STATUS_OK;
}

/* --- assigning --- */

static status keep_pending(config *c, const char *name, const char *value, const char *where) {
    config_pending *pending = realloc(c->pending, ((size_t)c->pending_count + 1) * sizeof *pending);
    if (pending == NULL)
        return status_fail(STATUS_MEMORY, "%s: %s: out of memory", where, name);
    c->pending = pending;
    config_pending p = {strdup(name), strdup(value), strdup(where)};
    if (p.name == NULL || p.value == NULL || p.where == NULL) {
        pending_free(&p);
        return status_fail(STATUS_MEMORY, "%s: %s: out of memory", where, name);
    }
    c->pending[c->pending_count++] = p;
    return STATUS_OK;
}

static bool has_control_character(const char *text) {
    for (; *text; text++) {
        if (iscntrl((unsigned char)*text))
            return true;
    }
    return false;
}

/* Cuts a copy of `text` out of the blanks around it; free it. NULL if memory is out. */
static char *trimmed(const char *text, size_t length) {
    while (length > 0 && isspace((unsigned char)*text)) {
        text++;
        length--;
    }
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        length--;
    return strndup(text, length);
}

static status assign(config *c, const char *name, const char *value, const char *where) {
    if (has_control_character(name) || has_control_character(value))
        return status_fail(STATUS_USAGE, "%s: a key or value holds a line break or another control character", where);
    if (strlen(name) > CONFIG_LONGEST_NAME)
        return status_fail(STATUS_USAGE, "%s: %.100s...: the key has more than %d characters", where, name,
                           CONFIG_LONGEST_NAME);
    config_entry *entry = config_find(c, name);
    return entry ? config_entry_set(entry, value, where) : keep_pending(c, name, value, where);
}

static status set_trimmed(config *c, const char *name, const char *value, const char *where) {
    char *clean_value = trimmed(value, strlen(value));
    if (!clean_value)
        return status_fail(STATUS_MEMORY, "%s: %.100s: out of memory", where, name);
    status result = assign(c, name, clean_value, where);
    free(clean_value);
    return result;
}

status config_set(config *c, const char *name, const char *value, const char *where) {
    char *clean_name = trimmed(name, strlen(name));
    if (!clean_name)
        return status_fail(STATUS_MEMORY, "%s: %.100s: out of memory", where, name);
    status result = set_trimmed(c, clean_name, value, where);
    free(clean_name);
    return result;
}

status config_assign(config *c, const char *assignment, const char *where) {
    const char *equals = strchr(assignment, '=');
    if (equals == NULL || equals == assignment || has_control_character(assignment))
        return status_fail(STATUS_USAGE, "%s: %.100s: expected section.key=value", where,
                           has_control_character(assignment) ? "a text with a line break" : assignment);
    char *name = strndup(assignment, (size_t)(equals - assignment));
    if (name == NULL)
        return status_fail(STATUS_MEMORY, "%s: out of memory", where);
    status result = config_set(c, name, equals + 1, where);
    free(name);
    return result;
}

status config_override(config *c, const char *assignment) {
    return config_assign(c, assignment, "command line");
}

/* --- checking --- */

/* Levenshtein distance; a large number for names that are too long to be worth comparing. */
static int edit_distance(const char *a, const char *b) {
    enum { LONGEST = 63 };
    size_t a_length = strlen(a), b_length = strlen(b);
    int row[LONGEST + 1];
    if (a_length > LONGEST || b_length > LONGEST)
        return 1 << 20;
    for (size_t j = 0; j <= b_length; j++)
        row[j] = (int)j;
    for (size_t i = 1; i <= a_length; i++) {
        int diagonal = row[0];
        row[0] = (int)i;
        for (size_t j = 1; j <= b_length; j++) {
            int above = row[j];
            row[j] = int_min(int_min(above, row[j - 1]) + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[b_length];
}

/* The declared key that was probably meant: the same name in another section, or a few letters off. `section`, unless
 * NULL: the only one that it can be of. */
static const char *nearest(const config *c, const char *name, const char *section) {
    const char *best = NULL;
    int best_distance = 1 + (strlen(name) < 12 ? 2 : 3);
    const char *dot = strrchr(name, '.');
    const char *bare = dot ? dot + 1 : name;
    for (int i = 0; i < c->count; i++) {
        const char *candidate = c->entries[i].key->name;
        if (section && !config_in_section(candidate, section))
            continue;
        int distance = edit_distance(name, candidate);
        if (strcmp(bare, candidate + config_section_length(candidate) + 1) == 0 && distance > 1)
            distance = 1;
        if (distance < best_distance) {
            best_distance = distance;
            best = candidate;
        }
    }
    return best;
}

void config_name_owner(config *c, const char *section, const char *owner) {
    c->section = section;
    c->owner = owner;
}

static status refuse_unknown(const config *c, const config_pending *p) {
    bool is_owned = c->owner && config_in_section(p->name, c->section);
    const char *near = nearest(c, p->name, is_owned ? c->section : NULL);
    return status_fail(STATUS_USAGE, "%s: %.100s: unknown key%s%.100s%s%s%s%s", p->where, p->name, is_owned ? ": " : "",
                       is_owned ? c->owner : "", is_owned ? " has no such option" : "", near ? " (did you mean " : "",
                       near ? near : "", near ? "?)" : "");
}

status config_check(const config *c) {
    if (c->pending_count > 0)
        return refuse_unknown(c, &c->pending[0]);
    for (int i = 0; i < c->count; i++) {
        const config_key *key = c->entries[i].key;
        if (c->entries[i].text == NULL)
            return status_fail(STATUS_USAGE, "%s has no value: give it in the ini file or as %s=... (%s)", key->name,
                               key->name, key->help);
    }
    return STATUS_OK;
}

/* --- reading values --- */

static const config_entry *typed(const config *c, const char *name, config_type type) {
    const config_entry *entry = config_find(c, name);
    assert(entry && entry->text);
    assert(entry->key->type == type || (type == CONFIG_TEXT && entry->key->type == CONFIG_CHOICE));
    (void)type;
    return entry;
}

int64_t config_int(const config *c, const char *name) {
    return typed(c, name, CONFIG_INT)->integer;
}

double config_real(const config *c, const char *name) {
    return typed(c, name, CONFIG_REAL)->real;
}

bool config_flag(const config *c, const char *name) {
    return typed(c, name, CONFIG_FLAG)->flag;
}

const char *config_text(const config *c, const char *name) {
    return typed(c, name, CONFIG_TEXT)->text;
}

bool config_is_declared(const config *c, const char *name) {
    return config_find(c, name) != NULL;
}

bool config_is_given(const config *c, const char *name) {
    const config_entry *entry = config_find(c, name);
    return entry && entry->given;
}

const char *config_value(const config *c, const char *name) {
    const config_entry *entry = config_find(c, name);
    assert(entry);
    return entry->text ? entry->text : "";
}

int config_count(const config *c) {
    return c->count;
}

const config_key *config_key_at(const config *c, int index) {
    assert(index >= 0 && index < c->count);
    return c->entries[index].key;
}
