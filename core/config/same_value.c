#include "core/config/same_value.h"

#include "core/config/config_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

bool config_value_is(const config *c, const char *name, const char *value) {
    const config_entry *entry = config_find(c, name);
    assert(entry);
    config_entry other = {.key = entry->key};
    if (!entry->text || !strcmp(entry->text, value))
        return entry->text != NULL;
    bool same = config_entry_set(&other, value, name) == STATUS_OK &&
                (entry->key->type == CONFIG_REAL ? entry->real == other.real : !strcmp(entry->text, other.text));
    free(other.text);
    return same;
}
