#include "eval/detect/coco_list.h"

#include "eval/measure/json_text.h"

#include <stdlib.h>

struct coco_list {
    json_t *root, *images, *annotations; /* the lists belong to `root` */
};

coco_list *coco_list_new(void) {
    coco_list *list = calloc(1, sizeof *list);
    if (!list)
        return NULL;
    list->images = json_array();
    list->annotations = json_array();
    list->root = json_pack("{s:o, s:o, s:[{s:i, s:s}]}", "images", list->images, "annotations", list->annotations,
                           "categories", "id", 1, "name", "target");
    if (list->root)
        return list;
    coco_list_free(list);
    return NULL;
}

void coco_list_free(coco_list *list) {
    if (!list)
        return;
    json_decref(list->root);
    free(list);
}

static json_t *annotation(json_int_t id, json_int_t image, const detection *d) {
    return json_pack("{s:I, s:I, s:i, s:[i,i,i,i], s:i, s:f, s:i}", "id", id, "image_id", image, "category_id", 1,
                     "bbox", d->x0, d->y0, d->x1 - d->x0 + 1, d->y1 - d->y0 + 1, "area", d->area, "score", d->peak,
                     "iscrowd", 0);
}

bool coco_list_add(coco_list *list, const char *file, const detected_image *result) {
    json_int_t image = (json_int_t)json_array_size(list->images) + 1;
    bool good =
        json_array_append_new(list->images, json_pack("{s:I, s:o, s:i, s:i}", "id", image, "file_name", json_text(file),
                                                      "width", result->width, "height", result->height)) == 0;
    for (int i = 0; i < result->found.count && good; i++) {
        json_int_t id = (json_int_t)json_array_size(list->annotations) + 1;
        good = json_array_append_new(list->annotations, annotation(id, image, &result->found.items[i])) == 0;
    }
    return good;
}

const json_t *coco_list_root(const coco_list *list) {
    return list->root;
}
