/* Pascal VOC: NAME.xml with an <object> for each box, its <bndbox> having <xmin>, <ymin>, <xmax> and <ymax>: pixels
 * counted from 1, both corners inside. <size> has <width> and <height>. */
#include "datasets/make/box_folder.h"

#include <expat.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CORNERS = 4, NUMBERS = 6, NUMBER_SIZE = 64 };
static const char *const number_names[NUMBERS] = {"xmin", "ymin", "xmax", "ymax", "width", "height"};

typedef struct voc_reader {
    XML_Parser parser;
    box_list *boxes;
    int width, height; /* of the image */
    int depth;         /* below <bndbox> or <size>, which count 1; 0: outside */
    int first, end;    /* the numbers that it has */
    int number;        /* the one whose text is read; -1: none */
    bool boxed;        /* the <object> that is read has a <bndbox> */
    char text[NUMBER_SIZE];
    size_t length;
    double numbers[NUMBERS];
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

static void begin(voc_reader *r, int first, int end) {
    r->depth = 1;
    r->first = first;
    r->end = end;
    for (int i = first; i < end; i++)
        r->numbers[i] = NAN;
}

static void on_start(void *context, const char *name, const char **attributes) {
    (void)attributes;
    voc_reader *r = context;
    r->number = -1;
    if (r->depth) {
        r->depth++;
        for (int i = r->first; i < r->end && r->depth == 2; i++)
            if (!strcmp(name, number_names[i]))
                r->number = i;
        r->length = 0;
    } else if (!strcmp(name, "object")) {
        r->boxed = false;
    } else if (!strcmp(name, "bndbox")) {
        r->boxed = true;
        begin(r, 0, CORNERS);
    } else if (!strcmp(name, "size")) {
        begin(r, CORNERS, NUMBERS);
    }
}

static void on_text(void *context, const char *text, int length) {
    voc_reader *r = context;
    for (int i = 0; r->number >= 0 && i < length && r->length + 1 < NUMBER_SIZE; i++)
        r->text[r->length++] = text[i];
}

static void end_number(voc_reader *r) {
    char *end;
    r->text[r->length] = '\0';
    double value = strtod(r->text, &end);
    bool unstated = r->number >= CORNERS && r->text[strspn(r->text, " \t\r\n")] == '\0';
    if (!unstated && (end == r->text || end[strspn(end, " \t\r\n")] != '\0'))
        stop(r, status_fail(STATUS_INPUT, "<%s> holds no number", number_names[r->number]));
    else
        r->numbers[r->number] = value;
    r->number = -1;
}

static void end_numbers(voc_reader *r) {
    const double *n = r->numbers;
    bool box_ends = r->first == 0;
    status result = box_ends ? box_list_add(r->boxes, (box){n[0] - 1, n[1] - 1, n[2], n[3]})
                             : box_size_check(n[CORNERS], n[CORNERS + 1], r->width, r->height);
    if (result != STATUS_OK)
        stop(r, status_prefix(result, box_ends ? "<bndbox>" : "<size>"));
}

static void on_end(void *context, const char *name) {
    voc_reader *r = context;
    if (r->result != STATUS_OK)
        return;
    if (r->number >= 0)
        end_number(r);
    if (r->depth) {
        if (--r->depth == 0 && r->result == STATUS_OK)
            end_numbers(r);
    } else if (!strcmp(name, "object") &&
               !r->boxed) { /* turned boxes and polygons are none, and no target is not meant */
        stop(r, status_fail(STATUS_INPUT, "an <object> without <bndbox>; expected its box"));
    }
}

static status parse(const char *text, size_t size, int width, int height, box_list *out) {
    voc_reader r = {.boxes = out, .width = width, .height = height, .number = -1, .parser = XML_ParserCreate(NULL)};
    if (!r.parser)
        return status_fail(STATUS_MEMORY, "out of memory to read XML");
    XML_SetUserData(r.parser, &r);
    XML_SetElementHandler(r.parser, on_start, on_end);
    XML_SetCharacterDataHandler(r.parser, on_text);
    enum XML_Status parsed = XML_Parse(r.parser, text, (int)size, XML_TRUE); /* of box_folder_read: some MiB */
    unsigned long line = XML_GetCurrentLineNumber(r.parser);
    if (r.result != STATUS_OK)
        status_prefix(r.result, "line %lu", line);
    else if (parsed != XML_STATUS_OK)
        r.result = status_fail(STATUS_INPUT, "line %lu: no XML: %s", line, XML_ErrorString(XML_GetErrorCode(r.parser)));
    XML_ParserFree(r.parser);
    return r.result;
}

static status read_boxes(const box_source *s, const char *name, const char *stem, int width, int height,
                         box_list *out) {
    (void)name;
    char path[4096], *text;
    size_t size;
    TRY(box_folder_read(s, stem, path, &text, &size));
    status result = parse(text, size, width, height, out);
    free(text);
    return result == STATUS_OK ? STATUS_OK : status_prefix(result, "%s", path);
}

const box_format box_format_voc = {"VOC XML",        false,      recognises, open_folder, box_folder_close,
                                   box_folder_holds, read_boxes, NULL};
