#include "eval/video/ffmpeg_names.h"

#include "core/io/file_io.h"
#include "core/io/image_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_SIZE = 4096 };

/* What stands behind a "%d" or "%04d" at the beginning of the text, which has so many digits at least; NULL if none
 * does. */
static const char *after_number(const char *text, int *digits) {
    if (*text != '%')
        return NULL;
    const char *end = text + 1 + strspn(text + 1, "0123456789");
    *digits = end == text + 1 ? 1 : atoi(text + 1);
    return *end == 'd' ? end + 1 : NULL;
}

bool ffmpeg_name_is_sequence(const char *name) {
    int digits;
    bool numbered = false;
    for (const char *at = name; *at && !numbered; at++)
        numbered = after_number(at, &digits) != NULL;
    return numbered && image_name_is_known(name, false);
}

/* Whether there are numbers that make one text of both. */
static bool match(const char *a, const char *b) {
    int digits = 1, others = 1;
    const char *behind = after_number(a, &digits), *behind_other = after_number(b, &others);
    if (behind && behind_other)
        return match(behind, behind_other);
    if (behind_other)
        return match(b, a);
    if (!behind)
        return *a == *b && (*a == '\0' || match(a + 1, b + 1));
    for (int i = 0; b[i] >= '0' && b[i] <= '9'; i++)
        if (i + 1 >= digits && match(behind, b + i + 1))
            return true;
    return false;
}

const char *ffmpeg_name_path(const char *name) {
    static const char protocol[] = "file:";
    return strncmp(name, protocol, sizeof protocol - 1) ? name : name + sizeof protocol - 1;
}

/* By the one name that the system has for the file; it need not be there, but its folder. */
static void resolve(const char *name, char out[PATH_SIZE]) {
    char folder[PATH_SIZE], whole[PATH_SIZE];
    const char *slash = strrchr(name, '/');
    if (realpath(name, out))
        return;
    path_folder(name, folder);
    if (!realpath(folder, whole) || path_join(out, whole, slash ? slash + 1 : name, "") != STATUS_OK)
        snprintf(out, PATH_SIZE, "%s", name);
}

bool ffmpeg_names_meet(const char *a, const char *b) {
    char one[PATH_SIZE], other[PATH_SIZE];
    a = ffmpeg_name_path(a);
    b = ffmpeg_name_path(b);
    if (!strcmp(a, "-") || !strcmp(b, "-"))
        return false;
    resolve(a, one);
    resolve(b, other);
    return path_is_same(a, b) || match(a, b) || match(one, other);
}
