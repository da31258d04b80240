/* Detections as the tools around COCO read them: `images`, `annotations` with bbox (x, y, width, height in pixels from
 * 0), area and score, and one category, "target".
 *
 * Thread rule: one thread at a time for each; different ones at once. */
#ifndef IRST_EVAL_DETECT_COCO_LIST_H
#define IRST_EVAL_DETECT_COCO_LIST_H

#include "eval/detect/detections.h"

#include <jansson.h>
#include <stdbool.h>

typedef struct coco_list coco_list;

coco_list *coco_list_new(void);       /* NULL if memory is out */
void coco_list_free(coco_list *list); /* accepts NULL */

/* Adds an image and what was found in it; false if memory is out. `file` is UTF-8. */
bool coco_list_add(coco_list *list, const char *file, const detected_image *result);

const json_t *coco_list_root(const coco_list *list); /* owned by the list */

#endif
