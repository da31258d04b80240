#include "eval/report/gallery_file.h"

#include "core/io/hdf5_io.h"
#include "eval/report/gallery_private.h"

#include <stdio.h>
#include <stdlib.h>

/* More in a file is not ours. */
enum { MOST_KEPT = 64, LARGEST_SIDE = 4096, MOST_PIXELS = 1 << 22, BOX_NUMBERS = 5 };

/* A number of a scene or mark: its attribute's name, and where it is. */
typedef struct number {
    const char *name;
    double *value;
} number;

static status transfer(h5_file *file, const char *group, const number *numbers, int count, bool writes) {
    for (int i = 0; i < count; i++)
        TRY(writes ? h5_write_attribute_double(file, group, numbers[i].name, *numbers[i].value)
                   : h5_read_attribute_double(file, group, numbers[i].name, numbers[i].value));
    return STATUS_OK;
}

/* --- maps --- */

static const char *const map_names[] = {"image", "score", "label", "predicted"};
enum { MAPS = sizeof map_names / sizeof *map_names };

static void maps_of(gallery_maps *m, uint8_t **out[MAPS]) {
    uint8_t **maps[MAPS] = {&m->image, &m->score, &m->label, &m->predicted};
    for (int i = 0; i < MAPS; i++)
        out[i] = maps[i];
}

static status write_maps(h5_file *file, const char *group, const gallery_maps *m) {
    const h5_shape shape = {.rank = 2, .size = {m->height, m->width}};
    gallery_maps copy = *m;
    uint8_t **maps[MAPS];
    char path[96];
    maps_of(&copy, maps);
    for (int i = 0; i < MAPS; i++) {
        snprintf(path, sizeof path, "%s/%s", group, map_names[i]);
        TRY(h5_write_compressed(file, path, H5_UINT8, &shape, *maps[i]));
    }
    return STATUS_OK;
}

static status read_maps(h5_file *file, const char *group, gallery_maps *m) {
    h5_shape shape;
    uint8_t **maps[MAPS];
    char path[96];
    maps_of(m, maps);
    for (int i = 0; i < MAPS; i++) {
        snprintf(path, sizeof path, "%s/%s", group, map_names[i]);
        TRY(h5_get_shape(file, path, &shape));
        bool fits = shape.rank == 2 && shape.size[0] >= 1 && shape.size[1] >= 1 && shape.size[0] <= LARGEST_SIDE &&
                    shape.size[1] <= LARGEST_SIDE;
        if (!fits || (i > 0 && (shape.size[0] != m->height || shape.size[1] != m->width)))
            return status_fail(STATUS_INPUT, "%s: %s is no map of a gallery", h5_path(file), path);
        m->height = (int)shape.size[0];
        m->width = (int)shape.size[1];
        size_t pixels = (size_t)m->width * (size_t)m->height;
        *maps[i] = malloc(pixels);
        if (!*maps[i])
            return status_fail(STATUS_MEMORY, "%s: out of memory for %s", h5_path(file), path);
        TRY(h5_read(file, path, H5_UINT8, pixels, *maps[i]));
    }
    for (size_t k = 0; k < (size_t)m->width * (size_t)m->height; k++) { /* they become places in a palette of two */
        m->label[k] = m->label[k] != 0;
        m->predicted[k] = m->predicted[k] != 0;
    }
    return STATUS_OK;
}

/* After each entry. What an experiment keeps, nine entries with sides of up to 320, has less than a quarter of it. */
static status count_pixels(const h5_file *file, const gallery_maps *m, int64_t *total) {
    *total += (int64_t)m->width * m->height;
    return *total <= MOST_PIXELS
               ? STATUS_OK
               : status_fail(STATUS_INPUT, "%s: a gallery of more than %d pixels", h5_path(file), MOST_PIXELS);
}

/* --- marks --- */

/* Writes or reads all of a mark; its kind is that of the list. */
static status transfer_mark(h5_file *file, const char *group, gallery_mark *m, bool writes) {
    double area = m->area;
    const number numbers[] = {{"x", &m->x},
                              {"y", &m->y},
                              {"area", &area},
                              {"peak", &m->peak},
                              {"contrast", &m->contrast},
                              {"box_x0", &m->box.x0},
                              {"box_y0", &m->box.y0},
                              {"box_x1", &m->box.x1},
                              {"box_y1", &m->box.y1}};
    TRY(writes ? write_maps(file, group, &m->maps) : read_maps(file, group, &m->maps));
    TRY(writes ? h5_write_attribute_text(file, group, "name", m->name)
               : h5_read_attribute_text(file, group, "name", &m->name));
    TRY(transfer(file, group, numbers, sizeof numbers / sizeof *numbers, writes));
    m->area = area >= 0 && area < 1e9 ? (int)area : 0;
    m->box.kind = m->kind;
    return STATUS_OK;
}

static status write_marks(h5_file *file, const char *list, const mark_list *marks, int most) {
    char group[64];
    for (int i = 0; i < marks->count && i < most; i++) {
        gallery_mark copy = marks->items[i];
        snprintf(group, sizeof group, "%s/%d", list, i);
        TRY(transfer_mark(file, group, &copy, true));
    }
    return STATUS_OK;
}

static status read_marks(h5_file *file, const char *list, gallery_kind kind, mark_list *out, int64_t *pixels) {
    char group[64];
    for (out->count = 0; out->count < MOST_KEPT; out->count++) {
        snprintf(group, sizeof group, "%s/%d", list, out->count);
        if (!h5_exists(file, group))
            return STATUS_OK;
        gallery_mark *mark = &out->items[out->count];
        mark->kind = kind;
        status read = transfer_mark(file, group, mark, false);
        if (read == STATUS_OK)
            read = count_pixels(file, &mark->maps, pixels);
        if (read != STATUS_OK) {
            out->count++; /* to be freed */
            return read;
        }
    }
    return STATUS_OK;
}

/* --- scenes --- */

static status write_boxes(h5_file *file, const char *group, const gallery_scene *s) {
    const h5_shape shape = {.rank = 2, .size = {s->box_count, BOX_NUMBERS}};
    double boxes[GALLERY_MOST_BOXES * BOX_NUMBERS];
    char path[96];
    for (int i = 0; i < s->box_count; i++) {
        const gallery_box *b = &s->boxes[i];
        const double numbers[] = {b->kind, b->x0, b->y0, b->x1, b->y1};
        for (int k = 0; k < BOX_NUMBERS; k++)
            boxes[i * BOX_NUMBERS + k] = numbers[k];
    }
    snprintf(path, sizeof path, "%s/boxes", group);
    return s->box_count > 0 ? h5_write(file, path, H5_FLOAT64, &shape, boxes) : STATUS_OK;
}

static status read_boxes(h5_file *file, const char *group, gallery_scene *s) {
    h5_shape shape;
    double boxes[GALLERY_MOST_BOXES * BOX_NUMBERS];
    char path[96];
    snprintf(path, sizeof path, "%s/boxes", group);
    s->boxes = calloc(GALLERY_MOST_BOXES, sizeof *s->boxes);
    if (!s->boxes)
        return status_fail(STATUS_MEMORY, "%s: out of memory for %s", h5_path(file), path);
    if (!h5_exists(file, path))
        return STATUS_OK;
    TRY(h5_get_shape(file, path, &shape));
    if (shape.rank != 2 || shape.size[0] < 1 || shape.size[0] > GALLERY_MOST_BOXES || shape.size[1] != BOX_NUMBERS)
        return status_fail(STATUS_INPUT, "%s: %s are no boxes of a gallery", h5_path(file), path);
    s->box_count = (int)shape.size[0];
    TRY(h5_read(file, path, H5_FLOAT64, (size_t)s->box_count * BOX_NUMBERS, boxes));
    for (int i = 0; i < s->box_count; i++) {
        const double *b = &boxes[i * BOX_NUMBERS];
        gallery_kind kind = b[0] == GALLERY_FOUND    ? GALLERY_FOUND
                            : b[0] == GALLERY_MISSED ? GALLERY_MISSED
                                                     : GALLERY_FALSE;
        s->boxes[i] = (gallery_box){kind, b[1], b[2], b[3], b[4]};
    }
    return STATUS_OK;
}

/* Older versions did not keep them. */
static status transfer_pixels(h5_file *file, const char *group, gallery_scene *s, bool writes) {
    double wrong = (double)s->false_pixels, missed = (double)s->missed_pixels;
    const number numbers[] = {{"false_pixels", &wrong}, {"missed_pixels", &missed}};
    s->false_pixels = s->missed_pixels = -1;
    if (!writes && (!h5_has_attribute(file, group, "false_pixels") || !h5_has_attribute(file, group, "missed_pixels")))
        return STATUS_OK;
    TRY(transfer(file, group, numbers, sizeof numbers / sizeof *numbers, writes));
    if (wrong >= 0 && missed >= 0 && wrong < 1e15 && missed < 1e15) {
        s->false_pixels = (int64_t)wrong;
        s->missed_pixels = (int64_t)missed;
    }
    return STATUS_OK;
}

static status transfer_scene(h5_file *file, const char *group, gallery_scene *s, bool writes) {
    double full_width = s->full_width, full_height = s->full_height, targets = s->targets, found = s->found,
           alarms = s->false_alarms;
    const number numbers[] = {
        {"full_width", &full_width}, {"full_height", &full_height}, {"iou", &s->iou}, {"targets", &targets},
        {"found", &found},           {"false_alarms", &alarms}};
    TRY(writes ? write_maps(file, group, &s->maps) : read_maps(file, group, &s->maps));
    TRY(writes ? write_boxes(file, group, s) : read_boxes(file, group, s));
    TRY(writes ? h5_write_attribute_text(file, group, "name", s->name)
               : h5_read_attribute_text(file, group, "name", &s->name));
    TRY(transfer(file, group, numbers, sizeof numbers / sizeof *numbers, writes));
    TRY(transfer_pixels(file, group, s, writes));
    double *const counts[] = {&full_width, &full_height, &targets, &found, &alarms};
    int *const places[] = {&s->full_width, &s->full_height, &s->targets, &s->found, &s->false_alarms};
    for (int i = 0; i < 5; i++)
        *places[i] = *counts[i] >= 0 && *counts[i] < 1e9 ? (int)*counts[i] : 0;
    return STATUS_OK;
}

static status write_scenes(h5_file *file, const scene_list *scenes, int most) {
    char group[64];
    for (int i = 0; i < scenes->count && i < most; i++) {
        gallery_scene copy = scenes->items[i];
        snprintf(group, sizeof group, "chosen/%d", i);
        TRY(transfer_scene(file, group, &copy, true));
    }
    return STATUS_OK;
}

static status read_scenes(h5_file *file, scene_list *out, int64_t *pixels) {
    char group[64];
    for (out->count = 0; out->count < MOST_KEPT; out->count++) {
        snprintf(group, sizeof group, "chosen/%d", out->count);
        if (!h5_exists(file, group))
            return STATUS_OK;
        gallery_scene *scene = &out->items[out->count];
        status read = transfer_scene(file, group, scene, false);
        if (read == STATUS_OK)
            read = count_pixels(file, &scene->maps, pixels);
        if (read != STATUS_OK) {
            out->count++;
            return read;
        }
    }
    return STATUS_OK;
}

/* --- the file --- */

static status write_all(h5_file *file, const gallery *g, int scenes, int marks) {
    TRY(h5_write_attribute_int(file, "/", "gallery", 1));
    TRY(write_scenes(file, &g->chosen, scenes));
    TRY(write_marks(file, "misses", &g->misses, marks));
    return write_marks(file, "false_alarms", &g->false_alarms, marks);
}

status gallery_file_write(const gallery *g, int scenes, int marks, const char *path) {
    h5_file *file;
    TRY(h5_create(path, &file));
    status result = write_all(file, g, scenes, marks);
    if (result == STATUS_OK)
        return h5_commit(file);
    h5_close(file);
    return result;
}

static status read_all(h5_file *file, gallery *g) {
    int64_t version, pixels = 0;
    TRY(h5_read_attribute_int(file, "/", "gallery", &version));
    TRY(read_scenes(file, &g->chosen, &pixels));
    TRY(read_marks(file, "misses", GALLERY_MISSED, &g->misses, &pixels));
    return read_marks(file, "false_alarms", GALLERY_FALSE, &g->false_alarms, &pixels);
}

status gallery_file_read(const char *path, gallery **out) {
    const gallery_options room = {.chosen = MOST_KEPT, .marks = MOST_KEPT};
    h5_file *file;
    *out = NULL;
    TRY(h5_verify(path));
    TRY(h5_open(path, &file));
    status result = gallery_new(&room, out);
    if (result == STATUS_OK)
        result = read_all(file, *out);
    h5_close(file);
    if (result == STATUS_OK)
        return result;
    gallery_free(*out);
    *out = NULL;
    return result;
}
