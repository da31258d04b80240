/* COCO: one JSON file. `images` gives each file_name an id, `annotations` have image_id and bbox: x, y, width and
 * height in pixels from 0. */
#include "datasets/make/box_format.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct coco {
    box_source base;
    char path[4096];
    json_t *root;
    json_t *ids;   /* {stem of file_name: id} */
    json_t *boxes; /* {id as text: [bbox, ...]}; borrowed from root */
} coco;

static bool recognises(const char *path) {
    size_t length = strlen(path);
    return length > 5 && !strcmp(path + length - 5, ".json");
}

static void close_file(box_source *s) {
    coco *c = (coco *)s;
    json_decref(c->ids);
    json_decref(c->boxes);
    json_decref(c->root);
    free(c);
}

typedef struct id_text {
    char s[32];
} id_text;

static id_text text_of(json_int_t id) {
    id_text out;
    snprintf(out.s, sizeof out.s, "%lld", (long long)id);
    return out;
}

/* Names are compared without folders, and with their ending: a.png and a.jpg are two images. */
static const char *file_part(const char *name) {
    const char *slash = strrchr(name, '/'), *back = strrchr(name, '\\');
    return slash && (!back || slash > back) ? slash + 1 : back ? back + 1 : name;
}

static status index_images(coco *c) {
    size_t i;
    json_t *image;
    json_array_foreach(json_object_get(c->root, "images"), i, image) {
        const char *name = json_string_value(json_object_get(image, "file_name"));
        const json_t *id = json_object_get(image, "id");
        if (!name || !json_is_integer(id))
            return status_fail(STATUS_INPUT, "images[%zu]: expected an integer id and a file_name", i);
        if (json_object_set_new(c->ids, file_part(name), json_integer(json_integer_value(id))))
            return status_fail(STATUS_MEMORY, "out of memory for its images");
    }
    return STATUS_OK;
}

static status index_boxes(coco *c) {
    size_t i;
    json_t *annotation;
    json_array_foreach(json_object_get(c->root, "annotations"), i, annotation) {
        const json_t *id = json_object_get(annotation, "image_id");
        json_t *bbox = json_object_get(annotation, "bbox");
        if (!json_is_integer(id) || json_array_size(bbox) != 4)
            return status_fail(STATUS_INPUT, "annotations[%zu]: expected an integer image_id and a bbox of 4 numbers",
                               i);
        id_text key = text_of(json_integer_value(id));
        json_t *list = json_object_get(c->boxes, key.s);
        if (!list) {
            list = json_array();
            if (json_object_set_new(c->boxes, key.s, list))
                return status_fail(STATUS_MEMORY, "out of memory for its boxes");
        }
        if (json_array_append(list, bbox))
            return status_fail(STATUS_MEMORY, "out of memory for its boxes");
    }
    return STATUS_OK;
}

static status load(coco *c) {
    json_error_t error;
    c->root = json_load_file(c->path, 0, &error);
    if (!c->root)
        return status_fail(STATUS_INPUT, "line %d: %s", error.line, error.text);
    if (!json_is_array(json_object_get(c->root, "images")) || !json_is_array(json_object_get(c->root, "annotations")))
        return status_fail(STATUS_INPUT, "not COCO: expected the lists images and annotations");
    c->ids = json_object();
    c->boxes = json_object();
    if (!c->ids || !c->boxes)
        return status_fail(STATUS_MEMORY, "out of memory for its images");
    TRY(index_images(c));
    return index_boxes(c);
}

static status open_file(const char *path, box_source **out) {
    coco *c = calloc(1, sizeof *c);
    if (!c)
        return status_fail(STATUS_MEMORY, "out of memory for boxes");
    c->base.format = &box_format_coco;
    snprintf(c->path, sizeof c->path, "%s", path);
    status result = load(c);
    if (result != STATUS_OK) {
        close_file(&c->base);
        return status_prefix(result, "%s", path);
    }
    *out = &c->base;
    return STATUS_OK;
}

static bool has(const box_source *s, const char *name, const char *stem) {
    (void)stem;
    return json_object_get(((const coco *)s)->ids, name) != NULL;
}

static status read_boxes(const box_source *s, const char *name, const char *stem, int width, int height,
                         box_list *out) {
    (void)stem;
    (void)width;
    (void)height;
    const coco *c = (const coco *)s;
    const json_t *id = json_object_get(c->ids, name);
    size_t i;
    json_t *bbox;
    json_array_foreach(json_object_get(c->boxes, text_of(json_integer_value(id)).s), i, bbox) {
        double v[4];
        bool numbers = true;
        for (size_t k = 0; k < 4; k++) {
            numbers = numbers && json_is_number(json_array_get(bbox, k));
            v[k] = json_number_value(json_array_get(bbox, k));
        }
        status result = numbers ? box_list_add(out, (box){v[0], v[1], v[0] + v[2], v[1] + v[3]})
                                : status_fail(STATUS_INPUT, "a bbox that is not 4 numbers");
        if (result != STATUS_OK)
            return status_prefix(result, "%s: box %zu of %s", c->path, i + 1, name);
    }
    return STATUS_OK;
}

const box_format box_format_coco = {"COCO JSON", false, recognises, open_file, close_file, has, read_boxes};
