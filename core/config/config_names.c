/* Sections whose keys are names of the user's choice: [data] NAME = folder. */
#include "core/config/config_private.h"

#include <stdlib.h>
#include <string.h>

bool config_in_section(const char *name, const char *section) {
    size_t length = strlen(section);
    return strncmp(name, section, length) == 0 && name[length] == '.';
}

static bool list_holds(const name_list *list, const char *name) {
    for (int i = 0; i < list->count; i++)
        if (strcmp(list->names[i], name) == 0)
            return true;
    return false;
}

status config_undeclared_names(const config *c, const char *section, name_list *out) {
    *out = (name_list){0};
    for (int i = 0; i < c->pending_count; i++) {
        const char *name = c->pending[i].name;
        if (!config_in_section(name, section) || list_holds(out, name + strlen(section) + 1))
            continue;
        status result = name_list_add(out, name + strlen(section) + 1);
        if (result != STATUS_OK) {
            name_list_free(out);
            return result;
        }
    }
    return STATUS_OK;
}

/* One block: the key, then its two texts. */
static config_key *key_new(const char *section, const char *name, const char *default_value, const char *help) {
    size_t name_size = strlen(section) + 1 + strlen(name) + 1,
           value_size = default_value ? strlen(default_value) + 1 : 0;
    config_key *key = malloc(sizeof *key + name_size + value_size);
    if (key == NULL)
        return NULL;
    char *text = (char *)(key + 1), *value = default_value ? text + name_size : NULL;
    snprintf(text, name_size, "%s.%s", section, name);
    if (value)
        memcpy(value, default_value, value_size);
    *key = (config_key){.name = text, .type = CONFIG_TEXT, .default_value = value, .unit = "", .help = help};
    return key;
}

status config_declare_text(config *c, const char *section, const char *name, const char *default_value,
                           const char *help) {
    config_key **owned = realloc(c->owned, ((size_t)c->owned_count + 1) * sizeof *owned);
    if (owned)
        c->owned = owned;
    config_key *key = owned ? key_new(section, name, default_value, help) : NULL;
    if (key == NULL)
        return status_fail(STATUS_MEMORY, "out of memory for a configuration");
    c->owned[c->owned_count++] = key;
    return config_declare(c, key, 1);
}
