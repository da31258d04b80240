/* Names as ffmpeg understands them: "file:" in front of a path, and numbers of frames in it ("frames/%04d.png").
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_EVAL_VIDEO_FFMPEG_NAMES_H
#define IRST_EVAL_VIDEO_FFMPEG_NAMES_H

#include <stdbool.h>

/* Whether both may stand for one file, whether it is there yet or not. "-" is none. */
bool ffmpeg_names_meet(const char *a, const char *b);

/* The path in it, which may be all of it. */
const char *ffmpeg_name_path(const char *name);

/* Whether it stands for images, one for each number: they have no rate of their own. */
bool ffmpeg_name_is_sequence(const char *name);

#endif
