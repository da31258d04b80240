/* COCO: one JSON file. `images` gives each file_name an id, `annotations` have image_id and bbox: x, y, width and
 * height in pixels from 0. Endings count: a.png and a.jpg are two images. */
#include "core/io/file_io.h"
#include "core/io/json_read.h"
#include "datasets/make/box_format.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST_FILE = 1 << 28 };
enum { LONGEST_NAME = 4095 }; /* as of a path: each of its ends is looked for among the files */

typedef struct coco {
    box_source base;
    char path[4096];
    const char *folder; /* of the images, while it is opened */
    json_t *root;       /* of which the others hold parts */
    json_t *entries;    /* {id as text: image} */
    json_t *files;      /* {path of a file from the folder on: image} */
    json_t *boxes;      /* {id as text: [bbox, ...]} */
} coco;

static bool recognises(const char *path) {
    return name_ends(path, ".json");
}

static void close_file(box_source *s) {
    coco *c = (coco *)s;
    json_decref(c->entries);
    json_decref(c->files);
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

static const char *name_of(const json_t *image) {
    return json_string_value(json_object_get(image, "file_name"));
}

static id_text id_of(const json_t *image) {
    return text_of(json_integer_value(json_object_get(image, "id")));
}

/* Parts between single slashes, without "."; `out` has room for `name`. */
static void tidy(const char *name, char *out) {
    static const char slashes[] = "/\\";
    char *end = out;
    for (const char *at = name; *at;) {
        at += strspn(at, slashes);
        size_t length = strcspn(at, slashes);
        if (length > 1 || (length == 1 && *at != '.')) {
            if (end > out)
                *end++ = '/';
            memcpy(end, at, length);
            end += length;
        }
        at += length;
    }
    *end = '\0';
}

/* What follows the last ".." of a tidy name: from any slash of it on, a path stays inside. NULL: nothing follows. */
static const char *after_parents(const char *name) {
    const char *rest = name;
    for (const char *part = name; part;) {
        const char *slash = strchr(part, '/'), *next = slash ? slash + 1 : NULL;
        if (part[0] == '.' && part[1] == '.' && (part[2] == '/' || part[2] == '\0'))
            rest = next;
        part = next;
    }
    return rest;
}

/* The longest end of a file_name that is a path from the folder of images on: the annotators' folder may have stood
 * elsewhere, or have been another. NULL: there is no such image. */
static const char *find_file(const coco *c, const char *name) {
    char path[4096];
    for (const char *at = after_parents(name); at && *at;) {
        if (path_join(path, c->folder, at, "") == STATUS_OK && path_is_file(path))
            return at;
        const char *slash = strchr(at, '/');
        at = slash ? slash + 1 : NULL;
    }
    return NULL;
}

/* Two entries with one id would share their boxes, two with one file would take each other's. */
static status set_once(json_t *object, const char *key, json_t *image, const char *what) {
    const json_t *other = json_object_get(object, key);
    if (other)
        return status_fail(STATUS_INPUT,
                           "'%.500s' (id %s) and '%.500s' (id %s) both are %s %.500s; expected one entry for each",
                           name_of(other), id_of(other).s, name_of(image), id_of(image).s, what, key);
    return json_object_set(object, key, image) ? status_fail(STATUS_MEMORY, "out of memory for its images") : STATUS_OK;
}

static status add_image(coco *c, json_t *image) {
    char *name = malloc(strlen(name_of(image)) + 1);
    if (!name)
        return status_fail(STATUS_MEMORY, "out of memory for its images");
    tidy(name_of(image), name);
    const char *file = find_file(c, name);
    status result = set_once(c->entries, id_of(image).s, image, "the image with id");
    if (result == STATUS_OK && file)
        result = set_once(c->files, file, image, "the image");
    free(name);
    return result;
}

static status index_images(coco *c) {
    size_t i;
    json_t *image;
    json_array_foreach(json_object_get(c->root, "images"), i, image) {
        if (!name_of(image) || !json_is_integer(json_object_get(image, "id")))
            return status_fail(STATUS_INPUT, "images[%zu]: expected an integer id and a file_name", i);
        if (strlen(name_of(image)) > LONGEST_NAME)
            return status_fail(STATUS_INPUT, "images[%zu]: a file_name of %zu bytes; expected at most %d", i,
                               strlen(name_of(image)), LONGEST_NAME);
        TRY(add_image(c, image));
        c->base.named++;
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
        c->base.stray += !json_object_get(c->entries, key.s);
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

static status load(coco *c, const uint8_t *text, size_t size) {
    static const char mark[] = "\xef\xbb\xbf"; /* of byte order, which editors of Windows write */
    json_error_t error;
    size_t skipped = size >= 3 && !memcmp(text, mark, 3) ? 3 : 0;
    c->root = json_read(text + skipped, size - skipped, 0, &error);
    if (!c->root)
        return status_fail(STATUS_INPUT, "line %d: %s", error.line, error.text);
    if (!json_is_array(json_object_get(c->root, "images")) || !json_is_array(json_object_get(c->root, "annotations")))
        return status_fail(STATUS_INPUT, "not COCO: expected the lists images and annotations");
    c->entries = json_object();
    c->files = json_object();
    c->boxes = json_object();
    if (!c->entries || !c->files || !c->boxes)
        return status_fail(STATUS_MEMORY, "out of memory for its images");
    TRY(index_images(c));
    return index_boxes(c);
}

static status open_file(const char *path, const char *images, box_source **out) {
    uint8_t *text;
    size_t size;
    TRY(file_read(path, LARGEST_FILE, &text, &size));
    coco *c = calloc(1, sizeof *c);
    if (!c) {
        free(text);
        return status_fail(STATUS_MEMORY, "out of memory for boxes");
    }
    c->base.format = &box_format_coco;
    snprintf(c->path, sizeof c->path, "%s", path);
    c->folder = images;
    status result = load(c, text, size);
    free(text);
    c->folder = NULL;
    if (result != STATUS_OK) {
        close_file(&c->base);
        return status_prefix(result, "%s", path);
    }
    *out = &c->base;
    return STATUS_OK;
}

static bool has(const box_source *s, const char *name, const char *stem) {
    (void)stem;
    return json_object_get(((const coco *)s)->files, name) != NULL;
}

static double side_of(const json_t *image, const char *key) {
    return json_number_value(json_object_get(image, key));
}

static status read_boxes(const box_source *s, const char *name, const char *stem, int width, int height,
                         box_list *out) {
    (void)stem;
    const coco *c = (const coco *)s;
    const json_t *image = json_object_get(c->files, name);
    size_t i;
    json_t *bbox;
    status size = box_size_check(side_of(image, "width"), side_of(image, "height"), width, height);
    if (size != STATUS_OK)
        return status_prefix(size, "%s: image %s", c->path, name);
    json_array_foreach(json_object_get(c->boxes, id_of(image).s), i, bbox) {
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

static status add_inner(const box_source *s, name_list *names) {
    const char *name;
    json_t *image;
    json_object_foreach(((const coco *)s)->files, name, image) {
        if (strchr(name, '/'))
            TRY(name_list_add(names, name));
    }
    return STATUS_OK;
}

const box_format box_format_coco = {"COCO JSON", false, recognises, open_file, close_file, has, read_boxes, add_inner};
