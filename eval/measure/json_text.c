#include "eval/measure/json_text.h"

#include "core/base/utf8.h"

#include <stdlib.h>
#include <string.h>

json_t *json_text(const char *text) {
    size_t size = 3 * strlen(text) + 1;
    char *copy = malloc(size);
    if (!copy)
        return NULL;
    utf8_copy(copy, size, text);
    json_t *value = json_string(copy);
    free(copy);
    return value;
}
