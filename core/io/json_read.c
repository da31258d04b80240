#include "core/io/json_read.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* At least as many as there are: each but the first stands behind a comma, a colon or an opening bracket that is in no
 * string. */
static size_t most_values(const uint8_t *text, size_t size) {
    size_t count = 1;
    bool quoted = false;
    for (size_t i = 0; i < size; i++)
        if (text[i] == '\\' && quoted)
            i++;
        else if (text[i] == '"')
            quoted = !quoted;
        else if (!quoted)
            count += text[i] == ',' || text[i] == ':' || text[i] == '[' || text[i] == '{';
    return count;
}

json_t *json_read(const uint8_t *text, size_t size, size_t flags, json_error_t *error) {
    if (most_values(text, size) <= JSON_MOST_VALUES)
        return json_loadb((const char *)text, size, flags, error);
    *error = (json_error_t){.line = 1};
    snprintf(error->text, sizeof error->text, "more than %d values", JSON_MOST_VALUES);
    return NULL;
}
