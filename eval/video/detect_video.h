/* A video of a run of detect: frames are read, searched and told of, all at the same time.
 *
 * Thread rule: one run at a time for each detector; its own threads read, search and write. */
#ifndef IRST_EVAL_VIDEO_DETECT_VIDEO_H
#define IRST_EVAL_VIDEO_DETECT_VIDEO_H

#include "core/base/status.h"
#include "core/io/grey_range.h"
#include "core/io/image_sizes.h"
#include "eval/detect/detect_images.h"
#include "eval/detect/detections.h"
#include "eval/detect/range_use.h"
#include "eval/video/frame_source.h"
#include "eval/video/latency.h"
#include "eval/video/tracker.h"

typedef struct video_job {
    detector *d;
    int threads; /* of its engine */
    const detect_options *how;
    const grey_range *range;
    const char *source; /* frame_source_open */
    int raw_width, raw_height;
    double rate;                  /* frames a second where the source does not say */
    bool drop;                    /* frames that come while no thread is free are left out, but for the newest ones */
    const tracker_options *track; /* NULL: detections are not joined to tracks */
    const char *lines;            /* file for the lines of JSON (frame_line.h), emptied once the source is open; "-" is
                                   * standard output; NULL: nobody wants them */
    const char *annotate;         /* annotator_open; NULL: no video is written */
    /* Told before the first frame if frames are cut into tiles. */
    void (*say_cut)(const char *source, detect_sides seen);
} video_job;

typedef struct video_outcome {
    int64_t frames, found; /* searched, and detections in them */
    int64_t dropped;       /* frames */
    int64_t tracks;        /* confirmed */
    double seconds;        /* from the first frame's arrival to the last one's end */
    latency latencies;     /* from the arrival of a frame until all was written of it */
    grey_span span;        /* of the values as they came */
    range_use range_use;
    image_sizes sizes;
    bool nobody_reads; /* the reader of the lines has gone: the run ended for that, without a failure */
} video_outcome;

/* Runs until the source ends. Small frames are shared out, each on one thread with a twin of the detector, larger ones
 * have all threads. Where frames are dropped it matters how soon one is done: each has all threads, and the next one is
 * only chosen when all was written of it. What is written is that of one frame after the other. A source that breaks
 * off, a signal or a failure ends the run: frames before come to their end, children are ended and waited for. SIGPIPE
 * must be ignored. */
status detect_video(const video_job *job, video_outcome *out);

#endif
