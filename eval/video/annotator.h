/* The video for the eye: frames with boxes around what was found, to a file through ffmpeg, or as y4m to standard
 * output.
 *
 * Thread rule: one thread at a time, but for annotator_draw. */
#ifndef IRST_EVAL_VIDEO_ANNOTATOR_H
#define IRST_EVAL_VIDEO_ANNOTATOR_H

#include "core/base/status.h"
#include "eval/detect/overlay.h"
#include "eval/video/frame_line.h"
#include "eval/video/frame_source.h"

typedef struct annotator annotator;

/* For the frames of a source. `path`: "-" is standard output; else a file of the kind that its ending says, which is
 * written over. STATUS_INPUT if there is no ffmpeg. End with annotator_close. */
status annotator_open(const char *path, const frame_source *source, annotator **out);

/* The grey levels to show a frame with, called for each in order: of deep images they follow the darkest and the
 * brightest pixel slowly, so that the picture does not flicker. */
overlay_levels annotator_levels(annotator *a, const grey_image *image);

/* The picture of a frame: without tracks a solid box and the peak score for each detection, with them one and the
 * number for each track that was seen, a dashed one where a track is expected. Its number and time stand below. Any
 * thread. Free with overlay_picture_free. */
status annotator_draw(const video_frame *frame, const overlay_levels *levels, const detection_list *found,
                      const track_list *tracks, overlay_picture *out);

/* The picture of frame `number`, above the last one's; for the frames between, that were left out, the last picture is
 * written again (before the first one, that one), and so the video keeps its time. *gone: nobody reads standard output
 * any more. */
status annotator_write(annotator *a, int64_t number, const overlay_picture *picture, bool *gone);

/* Completes the video and waits until it is written. STATUS_OUTPUT with what ffmpeg says. Accepts NULL. */
status annotator_close(annotator *a);

#endif
