#include "datasets/set_roots.h"

#include "core/io/file_io.h"
#include "datasets/dataset.h"

#include <stdio.h>
#include <string.h>

status split_list(const char *key, const char *text, name_list *out) {
    for (const char *at = text;; at++) {
        at += strspn(at, " \t");
        size_t length = strcspn(at, ","), end = length;
        while (end > 0 && (at[end - 1] == ' ' || at[end - 1] == '\t'))
            end--;
        char item[4096];
        if (end == 0 || end >= sizeof item)
            return status_fail(STATUS_USAGE, "%s = %.200s: expected names or numbers between the commas, found %s", key,
                               text, end == 0 ? "nothing" : "too much");
        snprintf(item, sizeof item, "%.*s", (int)end, at);
        TRY(name_list_add(out, item));
        at += length;
        if (!*at)
            return STATUS_OK;
    }
}

status set_roots_of(const char *key, const char *text, name_list *out) {
    bool exists = path_is_folder(text) || path_is_file(text);
    return exists || !strchr(text, ',') ? name_list_add(out, text) : split_list(key, text, out);
}

/* A name is no longer than its path. */
void set_roots_keep_names(char *roots) {
    char *to = roots, *rest = roots, *root;
    while ((root = strsep(&rest, ",")) != NULL) {
        char name[256];
        root += strspn(root, " \t");
        if (!dataset_path_tells_name(root))
            continue;
        dataset_name_of(root, name, sizeof name);
        to += sprintf(to, "%s%s", to > roots ? "," : "", name);
    }
    *to = '\0';
}
