/* What is told of a frame: one line of JSON. Numbers as in detections.csv: centroid and inclusive box in pixels from 0.
 *
 *     {"frame":12,"time":0.480000,"detections":[{"x":31.500,"y":8.000,"box":[31,7,32,9],"area":4,"peak":0.93}]}
 *
 * With tracks, detections are only those of confirmed ones, each with "track" and "velocity" (pixels a frame) before
 * the rest; "predicted" has the tracks that were not seen in this frame, where they are expected, and for how many
 * frames they were "missed"; "unconfirmed" counts the detections left out.
 *
 * Thread rule: any thread at any time, on different buffers. */
#ifndef IRST_EVAL_VIDEO_FRAME_LINE_H
#define IRST_EVAL_VIDEO_FRAME_LINE_H

#include "core/io/text_buffer.h"
#include "eval/detect/detections.h"
#include "eval/video/frame_source.h"
#include "eval/video/tracker.h"

/* Confirmed tracks of a frame, whose points are numbers of its detections. */
typedef struct track_list {
    int count;
    track *items; /* NULL: detections are not tracked */
} track_list;

void frame_line_print(text_buffer *b, const video_frame *frame, const detection_list *found, const track_list *tracks);

#endif
