/* The detections of many images, as one JSON and one CSV file, and as the JSON of COCO.
 *
 * Thread rule: one thread at a time for each; different ones at once. */
#ifndef IRST_EVAL_DETECT_DETECTION_REPORT_H
#define IRST_EVAL_DETECT_DETECTION_REPORT_H

#include "core/base/status.h"
#include "eval/detect/detections.h"

typedef struct detection_report detection_report;

/* `method`, `size` (0: native) and `threshold` stand at the head of the JSON file. */
status detection_report_new(const char *method, const detect_options *options, detection_report **out);
void detection_report_free(detection_report *r); /* accepts NULL */

/* Adds one image: its name in the output files, the file it came from, and what was found. Both texts must be UTF-8,
 * as JSON is. */
status detection_report_add(detection_report *r, const char *name, const char *file, const detected_image *result);

/* Writes FOLDER/detections.json, FOLDER/detections.csv and FOLDER/detections.coco.json, each atomically. Once. */
status detection_report_write(detection_report *r, const char *folder);

#endif
