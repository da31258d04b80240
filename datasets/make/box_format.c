#include "datasets/make/box_format.h"

#include "core/base/list_room.h"

#include <math.h>
#include <stdlib.h>

static const box_format *const formats[] = {&box_format_coco, &box_format_voc, &box_format_yolo};
enum { FORMATS = sizeof formats / sizeof *formats };

status box_list_add(box_list *list, box b) {
    if (!isfinite(b.x0) || !isfinite(b.y0) || !isfinite(b.x1) || !isfinite(b.y1) || b.x1 <= b.x0 || b.y1 <= b.y0)
        return status_fail(STATUS_INPUT, "a box without area");
    box *items = list_room(list->items, list->count, sizeof *items);
    if (!items)
        return status_fail(STATUS_MEMORY, "out of memory for boxes");
    list->items = items;
    items[list->count++] = b;
    return STATUS_OK;
}

void box_list_free(box_list *list) {
    free(list->items);
    *list = (box_list){0};
}

status box_size_check(double stated_width, double stated_height, int width, int height) {
    if ((!(stated_width > 0) || stated_width == width) && (!(stated_height > 0) || stated_height == height))
        return STATUS_OK;
    return status_fail(STATUS_INPUT, "annotated at a size of %.9gx%.9g pixels; expected %dx%d, which the image has",
                       stated_width > 0 ? stated_width : width, stated_height > 0 ? stated_height : height, width,
                       height);
}

status box_source_open(const char *path, const char *images, box_source **out) {
    for (int i = 0; i < FORMATS; i++)
        if (formats[i]->recognises(path))
            return formats[i]->open(path, images, out);
    return status_fail(STATUS_INPUT, "%s: no boxes: expected a folder of VOC .xml or of YOLO .txt, or a COCO .json",
                       path);
}
