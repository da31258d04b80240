#include "core/config/word_choice.h"

#include <stdio.h>
#include <string.h>

status word_choose(const char *key, const char *text, const char *const *words, int count, int *out) {
    char known[256] = "";
    size_t used = 0;
    for (int i = 0; i < count; i++) {
        if (!strcmp(text, words[i])) {
            *out = i;
            return STATUS_OK;
        }
        if (used < sizeof known)
            used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", words[i]);
    }
    return status_fail(STATUS_USAGE, "%s is '%.200s', expected one of: %s", key, text, known);
}
