/* Names as ffmpeg understands them: "file:" in front of a path, and numbers of frames in it ("frames/%04d.png").
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_EVAL_VIDEO_FFMPEG_NAMES_H
#define IRST_EVAL_VIDEO_FFMPEG_NAMES_H

#include <stdbool.h>

/* Whether both may stand for one file, whether it is there yet or not. "-" is none. */
bool ffmpeg_names_meet(const char *a, const char *b);

#endif
