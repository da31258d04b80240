/* Frames on their way from the thread that reads them to those that search them: a few at most.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_EVAL_VIDEO_FRAME_QUEUE_H
#define IRST_EVAL_VIDEO_FRAME_QUEUE_H

#include "core/base/status.h"
#include "eval/video/frame_source.h"

typedef struct frame_queue frame_queue;

/* `room` frames, at least 1. `drop`: a frame that finds no room takes that of the oldest; else its reader waits. Free
 * with frame_queue_free, when no thread uses it any more. */
status frame_queue_new(int room, bool drop, frame_queue **out);
void frame_queue_free(frame_queue *q); /* accepts NULL; frees the frames left in it */

/* Takes the frame over. False, and the frame is freed, if nobody wants it any more. */
bool frame_queue_put(frame_queue *q, video_frame *frame);

/* No frame will come any more: the result of reading, with this thread's message if it is a failure. */
void frame_queue_close(frame_queue *q, status result);

/* The next frame, which is the caller's then. Waits for one; at the end *more is false, or the result is what
 * frame_queue_close was told. */
status frame_queue_take(frame_queue *q, video_frame *out, bool *more);

/* No frame is wanted any more: frame_queue_put does not wait from now on. */
void frame_queue_refuse(frame_queue *q);

int64_t frame_queue_dropped(frame_queue *q);

#endif
