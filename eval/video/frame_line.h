/* What is told of a frame: one line of JSON.
 *
 *     {"frame":12,"time":0.480000,"detections":[{"x":31.500,"y":8.000,"box":[31,7,32,9],"area":4,"peak":0.93}]}
 *
 * Thread rule: any thread at any time, on different buffers. */
#ifndef IRST_EVAL_VIDEO_FRAME_LINE_H
#define IRST_EVAL_VIDEO_FRAME_LINE_H

#include "core/io/text_buffer.h"
#include "eval/detect/detections.h"
#include "eval/video/frame_source.h"

/* Numbers as in detections.csv: centroid and inclusive box in pixels from 0. */
void frame_line_print(text_buffer *b, const video_frame *frame, const detection_list *found);

#endif
