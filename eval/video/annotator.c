#include "eval/video/annotator.h"

#include "eval/video/byte_stream.h"
#include "eval/video/ffmpeg.h"
#include "eval/video/y4m.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct annotator {
    char name[256]; /* as messages have it */
    child ffmpeg;   /* no child for standard output */
    int width, height;
    int64_t next; /* number of the frame that follows, which is how many were written */
    bool has_levels;
    overlay_levels levels;
    size_t size;
    uint8_t *bytes; /* of a frame as it is written: its line and planes */
};

static status write_bytes(annotator *a, const void *data, size_t size, bool *gone) {
    bool piped = a->ffmpeg.process > 0;
    status result =
        byte_stream_write(piped ? a->ffmpeg.input : STDOUT_FILENO, piped ? &a->ffmpeg : NULL, data, size, gone);
    if (piped)
        *gone = false; /* what became of ffmpeg, annotator_close finds out */
    return result == STATUS_OUTPUT ? status_prefix(result, "%s", a->name) : result;
}

static status begin(annotator *a, const char *path, const frame_source *source) {
    char header[128];
    bool gone;
    overlay_size(frame_source_width(source), frame_source_height(source), true, &a->width, &a->height);
    size_t line = strlen(Y4M_FRAME "\n");
    a->size = line + 3 * (size_t)a->width * (size_t)a->height;
    a->bytes = malloc(a->size);
    if (!a->bytes)
        return status_fail(STATUS_MEMORY, "%s: out of memory for a picture of %dx%d", a->name, a->width, a->height);
    memcpy(a->bytes, Y4M_FRAME "\n", line);
    if (strcmp(path, "-") != 0)
        TRY(ffmpeg_write(path, &a->ffmpeg));
    int length = y4m_print(header, sizeof header, a->width, a->height, frame_source_rate(source));
    return write_bytes(a, header, (size_t)length, &gone);
}

status annotator_open(const char *path, const frame_source *source, annotator **out) {
    annotator *a = *out = calloc(1, sizeof *a);
    if (!a)
        return status_fail(STATUS_MEMORY, "out of memory for a video");
    snprintf(a->name, sizeof a->name, "%.255s", strcmp(path, "-") ? path : "standard output");
    status result = begin(a, path, source);
    if (result != STATUS_OK) {
        child_end(&a->ffmpeg, 0);
        free(a->bytes);
        free(a);
        *out = NULL;
    }
    return result;
}

overlay_levels annotator_levels(annotator *a, const grey_image *image) {
    const double share = 0.1; /* of the new frame */
    overlay_levels now = overlay_levels_of(image);
    if (a->has_levels) {
        a->levels.black += share * (now.black - a->levels.black);
        a->levels.white += share * (now.white - a->levels.white);
    } else {
        a->levels = now;
        a->has_levels = true;
    }
    return a->levels;
}

static int mark_tracks(const detection_list *found, const track_list *tracks, overlay_mark *marks) {
    for (int i = 0; i < tracks->count; i++) {
        const track *t = &tracks->items[i];
        if (t->point >= 0)
            marks[i] = overlay_mark_of(&found->items[t->point]);
        else
            marks[i] = (overlay_mark){.x0 = t->x, .y0 = t->y, .x1 = t->x, .y1 = t->y, .dashed = true};
        snprintf(marks[i].label, sizeof marks[i].label, "#%lld", (long long)t->id);
    }
    return tracks->count;
}

static int mark_detections(const detection_list *found, overlay_mark *marks) {
    for (int i = 0; i < found->count; i++)
        marks[i] = overlay_mark_of(&found->items[i]);
    return found->count;
}

status annotator_draw(const video_frame *frame, const overlay_levels *levels, const detection_list *found,
                      const track_list *tracks, overlay_picture *out) {
    char title[64];
    int most = found->count + tracks->count;
    overlay_mark *marks = malloc(((size_t)most + 1) * sizeof *marks);
    if (!marks)
        return status_fail(STATUS_MEMORY, "out of memory for %d boxes", most);
    int count = tracks->items ? mark_tracks(found, tracks, marks) : mark_detections(found, marks);
    snprintf(title, sizeof title, "frame %lld   %.2f s", (long long)frame->number, frame->time);
    status result = overlay_draw(&frame->image, levels, marks, count, title, out);
    free(marks);
    return result;
}

status annotator_write(annotator *a, int64_t number, const overlay_picture *picture, bool *gone) {
    size_t pixels = (size_t)a->width * (size_t)a->height;
    *gone = false;
    for (; a->next > 0 && a->next < number; a->next++)
        TRY(write_bytes(a, a->bytes, a->size, gone));
    y4m_from_rgb(picture->rgb, pixels, a->bytes + (a->size - 3 * pixels));
    for (; a->next <= number; a->next++)
        TRY(write_bytes(a, a->bytes, a->size, gone));
    return STATUS_OK;
}

status annotator_close(annotator *a) {
    enum { PATIENCE = 60 }; /* seconds: an encoder may hold back some hundred frames */
    status result = STATUS_OK;
    if (!a)
        return STATUS_OK;
    bool piped = a->ffmpeg.process > 0;
    int code = child_end(&a->ffmpeg, PATIENCE);
    const char *words = child_last_words(&a->ffmpeg);
    if (piped && *words)
        result = status_fail(STATUS_OUTPUT, "%s: ffmpeg: %s", a->name, words);
    else if (piped && code != 0)
        result = status_fail(STATUS_OUTPUT, "%s: ffmpeg ended with exit code %d", a->name, code);
    free(a->bytes);
    free(a);
    return result;
}
