/* The frames of a video, one after the other: from ffmpeg, or as y4m or raw from standard input.
 *
 * Thread rule: one thread at a time; opened by a thread that lives as long as the source. */
#ifndef IRST_EVAL_VIDEO_FRAME_SOURCE_H
#define IRST_EVAL_VIDEO_FRAME_SOURCE_H

#include "core/base/status.h"
#include "core/io/image.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct frame_source frame_source;

typedef struct video_frame {
    int64_t number;   /* from 0, in the source */
    double time;      /* seconds: the source's, or number / rate */
    double arrived;   /* clock_seconds when its last byte was there */
    grey_image image; /* owned by whoever has the frame */
} video_frame;

typedef struct frame_source_options {
    int raw_width, raw_height; /* the source is raw: frames of 16 bits a pixel, the lower byte first; 0: it is not */
    double rate;               /* frames a second where the source does not say; above 0 */
    bool own_pace;             /* a file comes as slowly as it was taken */
    const atomic_bool *stop;   /* set by another thread that wants nothing more */
} frame_source_options;

/* `source`: "-" is standard input, raw or y4m; a raw file; else whatever ffmpeg reads: a file, a device, an address.
 * Waits for the first bytes. STATUS_INPUT if nothing can be read, with what ffmpeg says. Free with frame_source_free.
 */
status frame_source_open(const char *source, const frame_source_options *options, frame_source **out);
void frame_source_free(frame_source *s); /* ends the child; accepts NULL */

int frame_source_width(const frame_source *s);
int frame_source_height(const frame_source *s);
double frame_source_rate(const frame_source *s); /* frames a second */

/* The next frame, whose image is new. At the end *more is false. A source that breaks off - in the middle of a frame,
 * or because ffmpeg failed or complained - is STATUS_INPUT after its last whole frame, and one that ends before its
 * first frame, too. STATUS_INTERRUPTED as byte_reader_read. */
status frame_source_next(frame_source *s, video_frame *out, bool *more);

#endif
