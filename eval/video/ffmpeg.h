/* ffmpeg as a child process: it reads what a source is made of, and writes what is watched. Where it comes from in
 * Debian: the package ffmpeg.
 *
 * Thread rule: one thread at a time for each child; started by a thread that lives as long as it. */
#ifndef IRST_EVAL_VIDEO_FFMPEG_H
#define IRST_EVAL_VIDEO_FFMPEG_H

#include "core/base/child.h"
#include "core/base/status.h"

#include <stdbool.h>
#include <stddef.h>

/* Starts reading a file, a device or an address. y4m comes from its output: grey of 8, 9, 10, 12 or 16 bits as the
 * source has it, what else it has as what is nearest to it; on its notes for each frame a line with its time, before
 * the frame. `rate`: of numbered images, frames a second. `own_pace`: a file comes as slowly as it was taken.
 * STATUS_INPUT if there is no ffmpeg. */
status ffmpeg_read(const char *source, double rate, bool own_pace, child *out);

/* Starts writing a video of the kind that the ending of its name says, over one that is there: y4m goes to its
 * input. */
status ffmpeg_write(const char *path, child *out);

/* What was read ahead of the notes. A zeroed struct has read nothing. */
typedef struct ffmpeg_notes {
    size_t length;
    char text[1024];
} ffmpeg_notes;

/* The time in seconds of the next frame, whose note is there before the frame is. False if the source has none. */
bool ffmpeg_next_time(const child *ffmpeg, ffmpeg_notes *notes, double *out);

/* Whether the next frame has a note, and is of another size or kind of pixels than the one before. ffmpeg ends before
 * it writes one of another size. */
bool ffmpeg_next_differs(const child *ffmpeg, ffmpeg_notes *notes);

#endif
