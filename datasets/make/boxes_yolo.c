/* YOLO: NAME.txt with a line `class x y width height` for each box, its centre and size as shares of the image's, or
 * `class x1 y1 x2 y2 x3 y3 ...` for each outline, whose box is taken. */
#include "datasets/make/box_folder.h"

#include <math.h>
#include <stdbool.h>
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

/* The numbers after the class, which may be a number or a name. */
typedef struct line_numbers {
    int count, shares;      /* how many there are, and how many of the first lie from 0 to 1 */
    double first[4];        /* centre and size of a box, */
    double low[2], high[2]; /* or the reach of an outline in x and y */
    bool clean;             /* nothing else follows */
} line_numbers;

static line_numbers numbers_of(const char *line) {
    line_numbers n = {.low = {1, 1}};
    char *end;
    const char *at = line + strspn(line, " \t");
    for (at += strcspn(at, " \t\r");; at = end, n.count++) {
        double value = strtod(at, &end);
        if (end == at)
            break;
        int axis = n.count % 2;
        n.shares += n.shares == n.count && is_share(value);
        n.low[axis] = fmin(n.low[axis], value);
        n.high[axis] = fmax(n.high[axis], value);
        if (n.count < 4)
            n.first[n.count] = value;
    }
    n.clean = at[strspn(at, " \t\r")] == '\0';
    return n;
}

static status read_line(const char *line, int width, int height, box_list *out) {
    line_numbers n = numbers_of(line);
    const double *v = n.first;
    bool is_box = n.count == 4 || n.count == 5; /* the fifth is a confidence, which is not looked at */
    bool is_outline = n.count >= 6 && n.count % 2 == 0;
    if (!n.clean || !(is_box ? n.shares >= 4 : is_outline && n.shares == n.count))
        return status_fail(STATUS_INPUT,
                           "expected a class and numbers from 0 to 1: four of a box, or two of each corner");
    if (is_outline)
        return box_list_add(out, (box){n.low[0] * width, n.low[1] * height, n.high[0] * width, n.high[1] * height});
    return box_list_add(out, (box){(v[0] - v[2] / 2) * width, (v[1] - v[3] / 2) * height, (v[0] + v[2] / 2) * width,
                                   (v[1] + v[3] / 2) * height});
}

static status read_boxes(const box_source *s, const char *name, const char *stem, int width, int height,
                         box_list *out) {
    (void)name;
    char path[4096], *text, *rest = NULL;
    size_t size;
    TRY(box_folder_read(s, stem, path, &text, &size));
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

const box_format box_format_yolo = {"YOLO",           true,       recognises, open_folder, box_folder_close,
                                    box_folder_holds, read_boxes, NULL};
