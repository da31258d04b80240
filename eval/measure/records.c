#include "eval/measure/records.h"

#include "core/io/csv_text.h"
#include "core/io/text_buffer.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct records {
    image_watcher watcher;
    metrics *images;
    int count, room;
    text_buffer images_csv, targets_csv;
};

static void print_number(FILE *stream, double value) {
    if (isfinite(value))
        fprintf(stream, ",%.9g", value);
    else
        fputs(isnan(value) ? "," : ",inf", stream);
}

static void print_image(const metrics *m, FILE *stream) {
#define COUNT(name) fprintf(stream, ",%" PRId64, m->name);
#define SUM(name) print_number(stream, m->name);
#define CURVE(name, points)
#include "eval/measure/counts.def"
#undef COUNT
#undef SUM
#undef CURVE
    fputc('\n', stream);
}

static void print_head(FILE *images, FILE *targets) {
    fputs("image", images);
#define COUNT(name) fputs("," #name, images);
#define SUM(name) fputs("," #name, images);
#define CURVE(name, points)
#include "eval/measure/counts.def"
#undef COUNT
#undef SUM
#undef CURVE
    fputc('\n', images);
    fputs("image,target,x,y,x0,y0,x1,y1,pixels,scr,peak,found,centroid_found,centroid_distance,iou\n", targets);
}

static void print_target(const char *name, const scored_image *image, const per_image *p, int t, FILE *stream) {
    const component *c = &p->targets.items[t];
    int near = p->outcome.nearest[t];
    csv_text_print(stream, name);
    fprintf(stream, ",%d,%.3f,%.3f,%d,%d,%d,%d,%d", t + 1, c->centroid_x, c->centroid_y, c->x0, c->y0, c->x1, c->y1,
            c->area);
    print_number(stream, p->contrast[t]);
    print_number(stream, component_peak(&p->targets, t, image->score, image->width));
    fprintf(stream, ",%d,%d", p->outcome.found[t], near >= 0);
    print_number(stream, near >= 0 ? component_distance(c, &p->outcome.detections.items[near]) : NAN);
    print_number(stream, p->match.iou[t]);
    fputc('\n', stream);
}

static status see(void *context, const char *name, const scored_image *image, const per_image *p) {
    records *r = context;
    if (r->count == r->room) {
        int room = r->room ? 2 * r->room : 256;
        metrics *images = realloc(r->images, (size_t)room * sizeof *images);
        if (!images)
            return status_fail(STATUS_MEMORY, "out of memory for the records of %d images", room);
        r->images = images;
        r->room = room;
    }
    r->images[r->count++] = p->counts;
    csv_text_print(r->images_csv.stream, name);
    print_image(&p->counts, r->images_csv.stream);
    for (int t = 0; t < p->targets.count; t++)
        print_target(name, image, p, t, r->targets_csv.stream);
    return STATUS_OK;
}

static status begin(records *r) {
    r->watcher = (image_watcher){see, r};
    TRY(text_buffer_begin(&r->images_csv));
    TRY(text_buffer_begin(&r->targets_csv));
    print_head(r->images_csv.stream, r->targets_csv.stream);
    return STATUS_OK;
}

status records_new(records **out) {
    *out = calloc(1, sizeof **out);
    status result = *out ? begin(*out) : status_fail(STATUS_MEMORY, "out of memory for records");
    if (result == STATUS_OK)
        return STATUS_OK;
    records_free(*out);
    *out = NULL;
    return result;
}

void records_free(records *r) {
    if (!r)
        return;
    text_buffer_free(&r->images_csv);
    text_buffer_free(&r->targets_csv);
    free(r->images);
    free(r);
}

const image_watcher *records_watcher(const records *r) {
    return &r->watcher;
}

const metrics *records_images(const records *r) {
    return r->images;
}

int records_count(const records *r) {
    return r->count;
}

status records_target_path(const char *path, char out[4096]) {
    size_t length = strlen(path), suffix = strlen(".csv");
    if (length <= suffix || strcmp(path + length - suffix, ".csv") != 0)
        return status_fail(STATUS_USAGE, "%s: records go to a file that ends in .csv", path);
    if (snprintf(out, 4096, "%.*s_targets.csv", (int)(length - suffix), path) >= 4096)
        return status_fail(STATUS_OUTPUT, "%.80s...: the path is too long", path);
    return STATUS_OK;
}

status records_write(records *r, const char *path) {
    char targets[4096];
    TRY(records_target_path(path, targets));
    TRY(text_buffer_save(&r->images_csv, path));
    return text_buffer_save(&r->targets_csv, targets);
}
