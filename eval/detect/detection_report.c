#include "eval/detect/detection_report.h"

#include "core/io/csv_text.h"
#include "core/io/file_io.h"
#include "core/io/text_buffer.h"
#include "eval/detect/coco_list.h"
#include "eval/measure/json_text.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct detection_report {
    json_t *root, *images; /* `images` belongs to `root` */
    coco_list *coco;
    text_buffer csv;
};

static status no_memory(void) {
    return status_fail(STATUS_MEMORY, "out of memory for the list of detections");
}

static status begin(detection_report *r, const char *method, const detect_options *options) {
    r->images = json_array();
    json_t *size = options->size > 0 ? json_integer(options->size) : json_string("native");
    r->root = json_pack("{s:s, s:o, s:f, s:o}", "method", method, "size", size, "threshold", options->threshold,
                        "images", r->images);
    r->coco = coco_list_new();
    if (!r->root || !r->coco)
        return no_memory();
    TRY(text_buffer_begin(&r->csv));
    fputs("image,number,x,y,x0,y0,x1,y1,area,peak\n", r->csv.stream);
    return STATUS_OK;
}

status detection_report_new(const char *method, const detect_options *options, detection_report **out) {
    *out = calloc(1, sizeof **out);
    if (!*out)
        return no_memory();
    status result = begin(*out, method, options);
    if (result != STATUS_OK) {
        detection_report_free(*out);
        *out = NULL;
    }
    return result;
}

void detection_report_free(detection_report *r) {
    if (!r)
        return;
    json_decref(r->root);
    coco_list_free(r->coco);
    text_buffer_free(&r->csv);
    free(r);
}

static void write_csv_row(FILE *stream, const char *name, int number, const detection *d) {
    csv_text_print(stream, name);
    fprintf(stream, ",%d,%.3f,%.3f,%d,%d,%d,%d,%d,%.6g\n", number, d->x, d->y, d->x0, d->y0, d->x1, d->y1, d->area,
            d->peak);
}

static json_t *pack_detection(int number, const detection *d) {
    return json_pack("{s:i, s:f, s:f, s:[i,i,i,i], s:i, s:f}", "number", number, "x", d->x, "y", d->y, "box", d->x0,
                     d->y0, d->x1, d->y1, "area", d->area, "peak", d->peak);
}

status detection_report_add(detection_report *r, const char *name, const char *file, const detected_image *result) {
    json_t *list = json_array();
    json_t *entry = json_pack("{s:o, s:o, s:i, s:i, s:O}", "image", json_text(name), "file", json_text(file), "width",
                              result->width, "height", result->height, "detections", list);
    if (!list || !entry) {
        json_decref(list);
        json_decref(entry);
        return no_memory();
    }
    int bad = json_array_append_new(r->images, entry);
    for (int i = 0; i < result->found.count && !bad; i++) {
        bad = json_array_append_new(list, pack_detection(i + 1, &result->found.items[i]));
        write_csv_row(r->csv.stream, name, i + 1, &result->found.items[i]);
    }
    json_decref(list);
    bad = bad || !coco_list_add(r->coco, file, result);
    return bad ? no_memory() : STATUS_OK;
}

static status write_json(const json_t *root, const char *folder, const char *ending) {
    char path[4096];
    char *text = json_dumps(root, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(7));
    if (!text)
        return no_memory();
    status result = path_join(path, folder, "detections", ending);
    if (result == STATUS_OK)
        result = file_write(path, text, strlen(text));
    free(text);
    return result;
}

status detection_report_write(detection_report *r, const char *folder) {
    char path[4096];
    TRY(folder_flush(folder)); /* the pictures that the report names */
    TRY(write_json(r->root, folder, ".json"));
    TRY(write_json(coco_list_root(r->coco), folder, ".coco.json"));
    TRY(path_join(path, folder, "detections", ".csv"));
    return text_buffer_save(&r->csv, path);
}
