#include "datasets/split_lists.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char ending[] = ".txt";

/* "50_50": shares of a hundred, as DNANet calls its splits. */
static bool is_shares(const char *name) {
    size_t first = strspn(name, "0123456789");
    if (first == 0 || name[first] != '_')
        return false;
    size_t second = strspn(name + first + 1, "0123456789");
    return second > 0 && name[first + 1 + second] == 0;
}

static bool may_hold_lists(const char *name) {
    return !strcasecmp(name, "img_idx") || !strcasecmp(name, "splits") || !strcasecmp(name, "lists") ||
           !strncasecmp(name, "idx_", 4) || is_shares(name);
}

static status add_lists(const char *folder, const char *inside, name_list *out) {
    char path[4096];
    name_list names;
    TRY(path_join(path, folder, inside, ""));
    TRY(folder_list(path, "", &names));
    status result = STATUS_OK;
    for (int i = 0; i < names.count && result == STATUS_OK; i++) {
        if (!name_ends(names.names[i], ending))
            continue;
        result = path_join(path, inside, names.names[i], "");
        if (result == STATUS_OK)
            result = name_list_add(out, path[0] == '/' ? path + 1 : path);
    }
    name_list_free(&names);
    return result;
}

static status add_all(const char *folder, const name_list *entries, name_list *out) {
    char path[4096];
    TRY(add_lists(folder, "", out));
    for (int i = 0; i < entries->count; i++) {
        TRY(path_join(path, folder, entries->names[i], ""));
        if (may_hold_lists(entries->names[i]) && path_is_folder(path))
            TRY(add_lists(folder, entries->names[i], out));
    }
    return STATUS_OK;
}

status split_lists_find(const char *folder, name_list *out) {
    name_list entries;
    *out = (name_list){0};
    TRY(folder_list(folder, "", &entries));
    status result = add_all(folder, &entries, out);
    name_list_free(&entries);
    if (result != STATUS_OK)
        name_list_free(out);
    return result;
}

/* How surely a list is that of a split; the smaller the better. */
typedef enum rank { RANK_EXACT, RANK_OF_SET, RANK_FULL, RANK_SOME, RANK_OTHER } rank;

/* A split that names its folder ("50_50/train") is compared with the whole path. */
static rank rank_of(const char *list, const char *split, const char *set) {
    const char *slash = strchr(split, '/') ? NULL : strrchr(list, '/'), *file = slash ? slash + 1 : list;
    size_t length = strlen(file) - (sizeof ending - 1), head = strlen(split);
    if (length < head || strncasecmp(file, split, head) != 0)
        return RANK_OTHER;
    if (length == head)
        return RANK_EXACT;
    const char *rest = file + head + 1;
    size_t rest_length = length - head - 1;
    if (file[head] != '_' || rest_length == 0)
        return RANK_OTHER;
    if (rest_length == strlen(set) && !strncasecmp(rest, set, rest_length))
        return RANK_OF_SET;
    return rest_length == 4 && !strncasecmp(rest, "full", 4) ? RANK_FULL : RANK_SOME;
}

const char *split_lists_choose(const name_list *lists, const char *split, const char *set, int *choices) {
    const char *best = NULL;
    rank nearest = RANK_OTHER;
    *choices = 1;
    for (int i = 0; i < lists->count; i++) {
        rank r = rank_of(lists->names[i], split, set);
        if (r == RANK_OTHER || r > nearest)
            continue;
        /* A name that could hardly be another goes before its like in a folder; of two folders none does. */
        *choices = r == nearest && (r == RANK_SOME || strchr(best, '/')) ? *choices + 1 : 1;
        best = r == nearest ? best : lists->names[i];
        nearest = r;
    }
    return best;
}

void split_lists_print(const name_list *lists, char *out, size_t size) {
    enum { SHOWN = 8 };
    size_t used = 0;
    snprintf(out, size, "none");
    for (int i = 0; i < lists->count && i < SHOWN && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", i ? ", " : "", lists->names[i]);
    if (lists->count > SHOWN && used < size)
        snprintf(out + used, size - used, " and %d more", lists->count - SHOWN);
}
