#include "eval/report/gallery.h"

#include "eval/measure/score_map.h"
#include "eval/report/gallery_cut.h"
#include "eval/report/gallery_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PART_SIDE = 48, PART_ROOM = 16, LARGEST_PART = 128 }; /* pixels around a mark */

/* One image while it is looked at. */
typedef struct view {
    const char *name;
    const scored_image *image;
    const per_image *outcome;
    float *unit;    /* scores in [0, 1] */
    bool *found;    /* of each target, by the protocol */
    bool *is_false; /* of each detection */
    double *target_peak, *detection_peak;
} view;

static status no_memory(void) {
    return status_fail(STATUS_MEMORY, "out of memory for the pictures of a report");
}

/* --- one image --- */

static void view_free(view *v) {
    free(v->unit);
    free(v->found);
    free(v->is_false);
    free(v->target_peak);
    free(v->detection_peak);
}

static void judge(view *v, match_protocol protocol) {
    const per_image *p = v->outcome;
    for (int t = 0; t < p->targets.count; t++)
        v->found[t] = per_image_is_found(p, protocol, t);
    for (int d = 0; d < p->outcome.detections.count; d++)
        v->is_false[d] = per_image_is_false(p, protocol, d);
}

/* The highest score in each component. */
static void find_peaks(const component_list *list, const float *unit, size_t pixels, double *peaks) {
    for (int i = 0; i < list->count; i++)
        peaks[i] = 0;
    for (size_t i = 0; i < pixels; i++)
        if (list->labels[i])
            peaks[list->labels[i] - 1] = fmax(peaks[list->labels[i] - 1], unit[i]);
}

static status view_open(view *v, match_protocol protocol) {
    const per_image *p = v->outcome;
    size_t pixels = (size_t)v->image->width * (size_t)v->image->height;
    size_t targets = (size_t)p->targets.count + 1, detections = (size_t)p->outcome.detections.count + 1;
    v->unit = malloc(pixels * sizeof *v->unit);
    v->found = malloc(targets * sizeof *v->found);
    v->is_false = malloc(detections * sizeof *v->is_false);
    v->target_peak = malloc(targets * sizeof *v->target_peak);
    v->detection_peak = malloc(detections * sizeof *v->detection_peak);
    if (!v->unit || !v->found || !v->is_false || !v->target_peak || !v->detection_peak)
        return no_memory();
    score_map_to_unit(v->image->score, pixels, v->image->kind, v->unit);
    judge(v, protocol);
    find_peaks(&p->targets, v->unit, pixels, v->target_peak);
    find_peaks(&p->outcome.detections, v->unit, pixels, v->detection_peak);
    return STATUS_OK;
}

static int count_true(const bool *flags, int count) {
    int sum = 0;
    for (int i = 0; i < count; i++)
        sum += flags[i];
    return sum;
}

static gallery_source source_of(const view *v) {
    return (gallery_source){.width = v->image->width,
                            .height = v->image->height,
                            .image = v->image->image,
                            .score = v->unit,
                            .label = v->image->label,
                            .predicted = v->outcome->predicted};
}

/* --- whole images --- */

static void scene_free(gallery_scene *s) {
    free(s->name);
    free(s->boxes);
    gallery_maps_free(&s->maps);
    *s = (gallery_scene){0};
}

static void add_box(gallery_scene *s, const component *c, gallery_kind kind) {
    if (s->box_count == GALLERY_MOST_BOXES)
        return;
    double scale = (double)s->maps.width / s->full_width;
    s->boxes[s->box_count++] =
        (gallery_box){kind, c->x0 * scale, c->y0 * scale, (c->x1 + 1) * scale, (c->y1 + 1) * scale};
}

static double iou_of(const metrics *m) {
    return m->tp + m->fp + m->fn > 0 ? m->iou_sum : NAN;
}

static status make_scene(const view *v, int index, gallery_scene *out) {
    const per_image *p = v->outcome;
    const component_list *detections = &p->outcome.detections;
    gallery_source source = source_of(v);
    *out = (gallery_scene){.name = strdup(v->name),
                           .index = index,
                           .full_width = source.width,
                           .full_height = source.height,
                           .iou = iou_of(&p->counts),
                           .targets = p->targets.count,
                           .found = count_true(v->found, p->targets.count),
                           .false_alarms = count_true(v->is_false, detections->count),
                           .false_pixels = p->counts.fp,
                           .missed_pixels = p->counts.fn,
                           .boxes = malloc(GALLERY_MOST_BOXES * sizeof *out->boxes)};
    status result = out->name && out->boxes ? gallery_reduce(&source, GALLERY_LARGEST_SIDE, &out->maps) : no_memory();
    if (result != STATUS_OK) {
        scene_free(out);
        return result;
    }
    for (int t = 0; t < p->targets.count; t++)
        add_box(out, &p->targets.items[t], v->found[t] ? GALLERY_FOUND : GALLERY_MISSED);
    for (int d = 0; d < detections->count; d++)
        if (v->is_false[d])
            add_box(out, &detections->items[d], GALLERY_FALSE);
    return STATUS_OK;
}

/* Chosen are the images in the middle of as many equal parts of the split. */
static status keep_chosen(gallery *g, const view *v) {
    const gallery_options *o = &g->options;
    int64_t wanted = ((2 * (int64_t)g->chosen.count + 1) * o->images) / (2 * (int64_t)o->chosen);
    if (g->chosen.count == g->chosen.most || g->seen < wanted)
        return STATUS_OK;
    TRY(make_scene(v, g->seen, &g->chosen.items[g->chosen.count]));
    g->chosen.count++;
    return STATUS_OK;
}

static status keep_worst(gallery *g, const view *v) {
    scene_list *list = &g->worst;
    const metrics *m = &v->outcome->counts;
    int place = list->count;
    if (m->fp + m->fn == 0)
        return STATUS_OK;
    while (place > 0 && m->iou_sum < list->items[place - 1].iou)
        place--;
    if (place == list->most)
        return STATUS_OK;
    gallery_scene scene;
    TRY(make_scene(v, g->seen, &scene));
    if (list->count == list->most)
        scene_free(&list->items[--list->count]);
    memmove(list->items + place + 1, list->items + place, (size_t)(list->count - place) * sizeof *list->items);
    list->items[place] = scene;
    list->count++;
    return STATUS_OK;
}

/* --- marks --- */

static void mark_free(gallery_mark *m) {
    free(m->name);
    gallery_maps_free(&m->maps);
    *m = (gallery_mark){0};
}

/* Missed targets: the less score the worse, and then the more contrast. False alarms: the more score, and the larger.
 */
static bool is_worse(const gallery_mark *a, const gallery_mark *b) {
    if (a->peak != b->peak)
        return a->kind == GALLERY_MISSED ? a->peak < b->peak : a->peak > b->peak;
    return a->kind == GALLERY_MISSED ? a->contrast > b->contrast : a->area > b->area;
}

static int part_side(const component *c) {
    int extent = 1 + (c->x1 - c->x0 > c->y1 - c->y0 ? c->x1 - c->x0 : c->y1 - c->y0);
    int side = extent + PART_ROOM > PART_SIDE ? extent + PART_ROOM : PART_SIDE;
    return side < LARGEST_PART ? side : LARGEST_PART;
}

static status fill_mark(const view *v, const component *c, gallery_mark *m) {
    gallery_source source = source_of(v);
    int side = part_side(c);
    gallery_part part = gallery_part_around(&source, c->centroid_x, c->centroid_y, side);
    m->name = strdup(v->name);
    status result = m->name ? gallery_cut(&source, &part, &m->maps) : no_memory();
    m->box = (gallery_box){m->kind, c->x0 - part.x, c->y0 - part.y, c->x1 + 1 - part.x, c->y1 + 1 - part.y};
    return result;
}

static status keep_mark(mark_list *list, const view *v, const component *c, gallery_mark mark) {
    int place = list->count;
    while (place > 0 && is_worse(&mark, &list->items[place - 1]))
        place--;
    if (place == list->most)
        return STATUS_OK;
    status result = fill_mark(v, c, &mark);
    if (result != STATUS_OK) {
        mark_free(&mark);
        return result;
    }
    if (list->count == list->most)
        mark_free(&list->items[--list->count]);
    memmove(list->items + place + 1, list->items + place, (size_t)(list->count - place) * sizeof *list->items);
    list->items[place] = mark;
    list->count++;
    return STATUS_OK;
}

static gallery_mark mark_of(gallery_kind kind, const component *c, double peak, double contrast) {
    return (gallery_mark){
        .kind = kind, .x = c->centroid_x, .y = c->centroid_y, .area = c->area, .peak = peak, .contrast = contrast};
}

static status keep_marks(gallery *g, const view *v) {
    const per_image *p = v->outcome;
    const component_list *detections = &p->outcome.detections;
    for (int t = 0; t < p->targets.count; t++) {
        const component *c = &p->targets.items[t];
        if (!v->found[t])
            TRY(keep_mark(&g->misses, v, c, mark_of(GALLERY_MISSED, c, v->target_peak[t], p->contrast[t])));
    }
    for (int d = 0; d < detections->count; d++) {
        const component *c = &detections->items[d];
        if (v->is_false[d])
            TRY(keep_mark(&g->false_alarms, v, c, mark_of(GALLERY_FALSE, c, v->detection_peak[d], NAN)));
    }
    return STATUS_OK;
}

/* --- rows --- */

static status keep_row(gallery *g, const view *v) {
    const per_image *p = v->outcome;
    const metrics *m = &p->counts;
    gallery_row *row = &g->rows[g->seen];
    *row = (gallery_row){.name = strdup(v->name),
                         .targets = p->targets.count,
                         .found = count_true(v->found, p->targets.count),
                         .detections = p->outcome.detections.count,
                         .false_alarms = count_true(v->is_false, p->outcome.detections.count),
                         .false_pixels = m->fp,
                         .missed_pixels = m->fn,
                         .iou = iou_of(m)};
    for (size_t i = 0; i < (size_t)v->image->width * (size_t)v->image->height; i++)
        if (v->unit[i] > row->peak)
            row->peak = v->unit[i];
    return row->name ? STATUS_OK : no_memory();
}

static status keep(gallery *g, view *v) {
    TRY(view_open(v, g->options.protocol));
    TRY(keep_chosen(g, v));
    TRY(keep_worst(g, v));
    TRY(keep_marks(g, v));
    return keep_row(g, v);
}

static status see(void *context, const char *name, const scored_image *image, const per_image *outcome) {
    gallery *g = context;
    const image_watcher *next = g->options.next;
    if (g->seen == g->options.images)
        return status_fail(STATUS_USAGE, "a gallery of %d images was shown another", g->seen);
    view v = {.name = name, .image = image, .outcome = outcome};
    status result = keep(g, &v);
    view_free(&v);
    g->seen++;
    TRY(result);
    return next ? next->see(next->context, name, image, outcome) : STATUS_OK;
}

/* --- the gallery --- */

status gallery_new(const gallery_options *options, gallery **out) {
    gallery *g = calloc(1, sizeof *g);
    *out = NULL;
    if (!g)
        return no_memory();
    g->options = *options;
    g->watcher = (image_watcher){see, g};
    g->chosen.most = options->chosen < options->images ? options->chosen : options->images;
    g->options.chosen = g->chosen.most;
    g->worst.most = options->worst;
    g->misses.most = g->false_alarms.most = options->marks;
    g->chosen.items = calloc((size_t)options->chosen + 1, sizeof *g->chosen.items);
    g->worst.items = calloc((size_t)options->worst + 1, sizeof *g->worst.items);
    g->misses.items = calloc((size_t)options->marks + 1, sizeof *g->misses.items);
    g->false_alarms.items = calloc((size_t)options->marks + 1, sizeof *g->false_alarms.items);
    g->rows = calloc((size_t)options->images + 1, sizeof *g->rows);
    if (!g->chosen.items || !g->worst.items || !g->misses.items || !g->false_alarms.items || !g->rows) {
        gallery_free(g);
        return no_memory();
    }
    *out = g;
    return STATUS_OK;
}

static void scene_list_free(scene_list *list) {
    for (int i = 0; i < list->count; i++)
        scene_free(&list->items[i]);
    free(list->items);
}

static void mark_list_free(mark_list *list) {
    for (int i = 0; i < list->count; i++)
        mark_free(&list->items[i]);
    free(list->items);
}

void gallery_free(gallery *g) {
    if (!g)
        return;
    scene_list_free(&g->chosen);
    scene_list_free(&g->worst);
    mark_list_free(&g->misses);
    mark_list_free(&g->false_alarms);
    for (int i = 0; g->rows && i < g->seen; i++)
        free(g->rows[i].name);
    free(g->rows);
    free(g);
}

const image_watcher *gallery_watcher(const gallery *g) {
    return &g->watcher;
}

const gallery_scene *gallery_chosen(const gallery *g, int *count) {
    *count = g->chosen.count;
    return g->chosen.items;
}

const gallery_scene *gallery_worst(const gallery *g, int *count) {
    *count = g->worst.count;
    return g->worst.items;
}

const gallery_mark *gallery_misses(const gallery *g, int *count) {
    *count = g->misses.count;
    return g->misses.items;
}

const gallery_mark *gallery_false_alarms(const gallery *g, int *count) {
    *count = g->false_alarms.count;
    return g->false_alarms.items;
}

const gallery_row *gallery_rows(const gallery *g, int *count) {
    *count = g->seen;
    return g->rows;
}
