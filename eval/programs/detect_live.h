/* The part of detect that is about videos: its options, and what is said at the end. */
#ifndef IRST_EVAL_PROGRAMS_DETECT_LIVE_H
#define IRST_EVAL_PROGRAMS_DETECT_LIVE_H

#include "core/base/status.h"
#include "eval/video/detect_video.h"

#include <stdbool.h>

/* As given on the command line; NULL and false: not given. */
typedef struct live_options {
    const char *video, *fps, *lines, *tracking, *annotate;
    bool drop, track;
} live_options;

/* STATUS_USAGE for one that is given without --video, or cannot be read, and for a file to write that is the source or
 * the checkpoint (NULL: none); the rest is put into the job, and the parameters of tracks, which must live as long,
 * into `tracking`. */
status detect_live_check(const live_options *options, const char *checkpoint, video_job *job,
                         tracker_options *tracking);

/* Runs it. The lines go to standard output or the file of --lines; nowhere if the video takes standard output. At the
 * end frames a second and latencies are said on standard error, whatever the end is; where nobody reads standard output
 * any more, the process ends by SIGPIPE as filters do. */
status detect_live_run(video_job *job, video_outcome *outcome);

#endif
