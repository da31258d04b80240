/* Pascal VOC: NAME.xml with an <object> for each box, its <bndbox> having <xmin>, <ymin>, <xmax> and <ymax>: pixels
 * counted from 1, both corners inside. */
#include "core/io/file_io.h"
#include "datasets/make/box_folder.h"

#include <expat.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CORNERS = 4, NUMBER_SIZE = 64 };
static const char *const corner_names[CORNERS] = {"xmin", "ymin", "xmax", "ymax"};

typedef struct voc_reader {
    XML_Parser parser;
    box_list *boxes;
    int in_box; /* depth below <bndbox>, which counts 1; 0: outside */
    int corner; /* the one whose text is read; -1: none */
    char text[NUMBER_SIZE];
    size_t length;
    double corners[CORNERS];
    status result;
} voc_reader;

static bool recognises(const char *path) {
    return box_folder_has(path, ".xml");
}

static status open_folder(const char *path, const char *images, box_source **out) {
    (void)images;
    return box_folder_open(path, ".xml", &box_format_voc, out);
}

static void stop(voc_reader *r, status result) {
    r->result = result;
    XML_StopParser(r->parser, XML_FALSE);
}

static void on_start(void *context, const char *name, const char **attributes) {
    (void)attributes;
    voc_reader *r = context;
    r->corner = -1;
    if (r->in_box) {
        r->in_box++;
        for (int i = 0; i < CORNERS && r->in_box == 2; i++)
            if (!strcmp(name, corner_names[i]))
                r->corner = i;
        r->length = 0;
    } else if (!strcmp(name, "bndbox")) {
        r->in_box = 1;
        for (int i = 0; i < CORNERS; i++)
            r->corners[i] = NAN;
    }
}

static void on_text(void *context, const char *text, int length) {
    voc_reader *r = context;
    for (int i = 0; r->corner >= 0 && i < length && r->length + 1 < NUMBER_SIZE; i++)
        r->text[r->length++] = text[i];
}

static void end_corner(voc_reader *r) {
    char *end;
    r->text[r->length] = '\0';
    double value = strtod(r->text, &end);
    if (end == r->text || end[strspn(end, " \t\r\n")] != '\0')
        stop(r, status_fail(STATUS_INPUT, "<%s> holds no number", corner_names[r->corner]));
    else
        r->corners[r->corner] = value;
    r->corner = -1;
}

static void end_box(voc_reader *r) {
    const double *c = r->corners;
    status result = box_list_add(r->boxes, (box){c[0] - 1, c[1] - 1, c[2], c[3]});
    if (result != STATUS_OK)
        stop(r, status_prefix(result, "<bndbox>"));
}

static void on_end(void *context, const char *name) {
    (void)name;
    voc_reader *r = context;
    if (r->result != STATUS_OK)
        return;
    if (r->corner >= 0)
        end_corner(r);
    if (r->in_box && --r->in_box == 0 && r->result == STATUS_OK)
        end_box(r);
}

static status parse(const char *text, long size, box_list *out) {
    voc_reader r = {.boxes = out, .corner = -1, .parser = XML_ParserCreate(NULL)};
    if (!r.parser)
        return status_fail(STATUS_MEMORY, "out of memory to read XML");
    XML_SetUserData(r.parser, &r);
    XML_SetElementHandler(r.parser, on_start, on_end);
    XML_SetCharacterDataHandler(r.parser, on_text);
    enum XML_Status parsed = size > INT_MAX ? XML_STATUS_ERROR : XML_Parse(r.parser, text, (int)size, XML_TRUE);
    unsigned long line = XML_GetCurrentLineNumber(r.parser);
    if (r.result != STATUS_OK)
        status_prefix(r.result, "line %lu", line);
    else if (parsed != XML_STATUS_OK)
        r.result = status_fail(STATUS_INPUT, "line %lu: no XML: %s", line, XML_ErrorString(XML_GetErrorCode(r.parser)));
    XML_ParserFree(r.parser);
    return r.result;
}

static bool has(const box_source *s, const char *name, const char *stem) {
    (void)name;
    char path[4096];
    return box_folder_path(s, stem, ".xml", path) == STATUS_OK && path_is_file(path);
}

static status read_boxes(const box_source *s, const char *name, const char *stem, int width, int height,
                         box_list *out) {
    (void)name;
    (void)width;
    (void)height;
    char path[4096], *text;
    long size = 0;
    TRY(box_folder_path(s, stem, ".xml", path));
    TRY(box_folder_read(path, &text, &size));
    status result = parse(text, size, out);
    free(text);
    return result == STATUS_OK ? STATUS_OK : status_prefix(result, "%s", path);
}

const box_format box_format_voc = {"VOC XML", false, recognises, open_folder, box_folder_close, has, read_boxes, NULL};
