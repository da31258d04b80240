/* YOLO: NAME.txt with a line `class x y width height` for each box, its centre and size as shares of the image's. */
#include "core/io/file_io.h"
#include "datasets/make/box_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool recognises(const char *path) {
    return box_folder_has(path, ".txt");
}

static status open_folder(const char *path, const char *images, box_source **out) {
    (void)images;
    return box_folder_open(path, ".txt", &box_format_yolo, out);
}

static bool is_share(double x) {
    return x >= 0 && x <= 1;
}

/* The class may be a number or a name; what follows the fifth column (a confidence) is not looked at. */
static status read_line(const char *line, int width, int height, box_list *out) {
    double x, y, w, h;
    if (sscanf(line, "%*s %lf %lf %lf %lf", &x, &y, &w, &h) != 4 || !is_share(x) || !is_share(y) || !is_share(w) ||
        !is_share(h))
        return status_fail(STATUS_INPUT, "expected a class and four numbers from 0 to 1");
    return box_list_add(out,
                        (box){(x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height});
}

static bool has(const box_source *s, const char *name, const char *stem) {
    (void)name;
    char path[4096];
    return box_folder_path(s, stem, ".txt", path) == STATUS_OK && path_is_file(path);
}

static status read_boxes(const box_source *s, const char *name, const char *stem, int width, int height,
                         box_list *out) {
    (void)name;
    char path[4096], *text, *rest = NULL;
    long size;
    TRY(box_folder_path(s, stem, ".txt", path));
    TRY(box_folder_read(path, &text, &size));
    status result = STATUS_OK;
    int number = 0;
    for (char *next = text; next && result == STATUS_OK; next = rest) {
        rest = strchr(next, '\n');
        if (rest)
            *rest++ = '\0';
        number++;
        if (next[strspn(next, " \t\r")] != '\0')
            result = read_line(next, width, height, out);
    }
    if (result != STATUS_OK)
        status_prefix(result, "%s, line %d", path, number);
    free(text);
    return result;
}

const box_format box_format_yolo = {"YOLO", true, recognises, open_folder, box_folder_close, has, read_boxes, NULL};
