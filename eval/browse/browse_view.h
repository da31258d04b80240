/* What the page of browse asks for: figures at a threshold, what is found in a scene, and pictures.
 *
 * Thread rule: any thread at any time but for new and free: a view does not change. */
#ifndef IRST_EVAL_BROWSE_BROWSE_VIEW_H
#define IRST_EVAL_BROWSE_BROWSE_VIEW_H

#include "core/io/text_buffer.h"
#include "eval/measure/scores_file.h"

#include <stdbool.h>

typedef struct browse_view browse_view;

/* The set stays the caller's and must outlive the view. Free with browse_view_free. */
status browse_view_new(const scores_set *set, browse_view **out);
void browse_view_free(browse_view *v); /* accepts NULL */

int browse_view_count(const browse_view *v); /* scenes */

/* Each prints into a buffer, which is begun here and freed by the caller, after a failure too. */

/* JSON: method, data set, split, rule, protocol, whether there is ground truth, the threshold to begin with, the least
 * and the largest value that a threshold is compared with, and the scenes' names and sizes. */
status browse_view_scenes(const browse_view *v, text_buffer *out);

/* JSON: the figures at a threshold, as `evaluate --threshold` has them, and of each scene how many targets, missed
 * targets, detections and false alarms there are. Without ground truth only detections. */
status browse_view_figures(const browse_view *v, double threshold, text_buffer *out);

/* JSON: targets (found or not) and detections (false alarms or not) of a scene, with boxes and highest scores. */
status browse_view_scene(const browse_view *v, int scene, double threshold, text_buffer *out);

typedef enum browse_picture { BROWSE_IMAGE, BROWSE_LABEL, BROWSE_SCORE, BROWSE_DETECTED } browse_picture;

/* PNG: grey image, label, score in colours, or what is above the threshold. */
status browse_view_picture(const browse_view *v, int scene, browse_picture which, double threshold, text_buffer *out);

#endif
