#include "eval/video/frame_source.h"

#include "core/base/clock.h"
#include "core/base/process.h"
#include "core/io/file_io.h"
#include "eval/video/byte_stream.h"
#include "eval/video/ffmpeg.h"
#include "eval/video/y4m.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct frame_source {
    char name[256]; /* as messages have it */
    child ffmpeg;   /* no child for others */
    int file;       /* ours to close, or -1 */
    bool has_lines; /* y4m: one before each frame */
    bool is_paced;  /* frames come no sooner than the rate says */
    double begun;   /* clock_seconds of the first one, if so */
    y4m_format format;
    double rate;   /* frames a second */
    int64_t count; /* frames read */
    double time;   /* of the last one */
    uint8_t *row;
    ffmpeg_notes notes;
    byte_reader in;
};

/* --- opening --- */

static status open_descriptor(frame_source *s, const char *source, const frame_source_options *options) {
    if (!strcmp(source, "-")) {
        s->in.descriptor = STDIN_FILENO;
    } else if (options->raw_width > 0) {
        s->in.descriptor = s->file = open(source, O_RDONLY | O_CLOEXEC);
        if (s->file < 0 && errno == EINTR)
            TRY(process_check_signals()); /* it waited for a pipe's other end */
        if (s->file < 0)
            return status_fail(STATUS_INPUT, "cannot be opened: %s", strerror(errno));
        s->is_paced = options->own_pace && path_is_file(source); /* a pipe has a pace */
    } else {
        TRY(ffmpeg_read(source, options->rate, options->own_pace, &s->ffmpeg));
        s->in.descriptor = s->ffmpeg.output;
        s->in.speaker = &s->ffmpeg;
    }
    return STATUS_OK;
}

/* What ffmpeg said once it is over; "" if it has come to a good end, and for other sources. */
static const char *complaint(frame_source *s, char out[256]) {
    enum { PATIENCE = 5 };
    out[0] = '\0';
    if (s->ffmpeg.process == 0)
        return out;
    int code = child_end(&s->ffmpeg, PATIENCE);
    const char *words = child_last_words(&s->ffmpeg);
    if (*words)
        snprintf(out, 256, "ffmpeg: %.240s", words);
    else if (code != 0)
        snprintf(out, 256, "ffmpeg ended with exit code %d", code);
    return out;
}

static status read_header(frame_source *s) {
    char line[Y4M_LONGEST_LINE], why[256];
    int length;
    TRY(byte_reader_line(&s->in, line, sizeof line, &length));
    if (length >= 0 && !strncmp(line, Y4M_MAGIC, strlen(Y4M_MAGIC)))
        return y4m_parse(line, &s->format);
    if (*complaint(s, why))
        return status_fail(STATUS_INPUT, "%s", why);
    return status_fail(STATUS_INPUT, "%s", *line ? "not YUV4MPEG2; raw frames need --y16 WxH" : "no frames come");
}

static status wait_for_raw(frame_source *s) {
    bool more;
    TRY(byte_reader_has_more(&s->in, &more));
    return more ? STATUS_OK : status_fail(STATUS_INPUT, "no frames come");
}

static status open_source(frame_source *s, const char *source, const frame_source_options *options) {
    TRY(open_descriptor(s, source, options));
    s->has_lines = options->raw_width == 0;
    TRY(s->has_lines ? read_header(s) : wait_for_raw(s));
    if (!s->has_lines)
        s->format = (y4m_format){.width = options->raw_width, .height = options->raw_height, .bits = 16};
    s->rate = s->format.rate > 0 ? s->format.rate : options->rate;
    s->row = malloc(y4m_row_bytes(&s->format));
    return s->row ? STATUS_OK : status_fail(STATUS_MEMORY, "out of memory for a row of a frame");
}

status frame_source_open(const char *source, const frame_source_options *options, frame_source **out) {
    frame_source *s = *out = calloc(1, sizeof *s);
    if (!s)
        return status_fail(STATUS_MEMORY, "out of memory for a video");
    s->file = -1;
    s->in.stop = options->stop;
    snprintf(s->name, sizeof s->name, "%.255s", strcmp(source, "-") ? source : "standard input");
    status result = open_source(s, source, options);
    if (result == STATUS_OK)
        return STATUS_OK;
    if (result != STATUS_INTERRUPTED)
        status_prefix(result, "%s", s->name);
    frame_source_free(s);
    *out = NULL;
    return result;
}

void frame_source_free(frame_source *s) {
    if (!s)
        return;
    child_end(&s->ffmpeg, 0);
    if (s->file >= 0)
        close(s->file);
    free(s->row);
    free(s);
}

int frame_source_width(const frame_source *s) {
    return s->format.width;
}

int frame_source_height(const frame_source *s) {
    return s->format.height;
}

double frame_source_rate(const frame_source *s) {
    return s->rate;
}

/* --- frames --- */

static status broken(frame_source *s, const char *why) {
    char words[256];
    complaint(s, words);
    return status_fail(STATUS_INPUT, "%s broke off after %lld frame%s: %s", s->name, (long long)s->count,
                       s->count == 1 ? "" : "s", *words ? words : why);
}

/* The line before a frame. */
static status begin_frame(frame_source *s, bool *more) {
    char line[Y4M_LONGEST_LINE], words[256];
    int length;
    if (!s->has_lines)
        return STATUS_OK;
    TRY(byte_reader_line(&s->in, line, sizeof line, &length));
    if (length < 0 && !*line) {
        *more = false;
        return *complaint(s, words) ? broken(s, words) : STATUS_OK;
    }
    size_t word = strlen(Y4M_FRAME);
    if (length < 0 || strncmp(line, Y4M_FRAME, word) != 0 || (line[word] && line[word] != ' '))
        return broken(s, "a line " Y4M_FRAME " was expected");
    return STATUS_OK;
}

/* The planes of colour are passed over. */
static status skip(frame_source *s, int64_t bytes, bool *whole) {
    uint8_t scratch[4096];
    *whole = true;
    while (bytes > 0 && *whole) {
        size_t wanted = bytes < (int64_t)sizeof scratch ? (size_t)bytes : sizeof scratch, got;
        TRY(byte_reader_read(&s->in, scratch, wanted, &got));
        *whole = got == wanted;
        bytes -= (int64_t)got;
    }
    return STATUS_OK;
}

/* ffmpeg gives up before the pixels of a frame of another size than the first. */
static status cut_short(frame_source *s) {
    if (s->count > 0 && s->ffmpeg.process != 0 && ffmpeg_next_differs(&s->ffmpeg, &s->notes))
        return status_fail(STATUS_INPUT, "%s broke off after %lld frame%s: the next one has another size than %dx%d",
                           s->name, (long long)s->count, s->count == 1 ? "" : "s", s->format.width, s->format.height);
    return broken(s, "it ends in the middle of a frame");
}

static status read_planes(frame_source *s, grey_image *image, bool *more) {
    size_t bytes = y4m_row_bytes(&s->format), got;
    bool whole = true;
    for (int y = 0; y < image->height && whole; y++) {
        TRY(byte_reader_read(&s->in, s->row, bytes, &got));
        if (got == 0 && y == 0 && !s->has_lines) {
            *more = false;
            return STATUS_OK;
        }
        whole = got == bytes;
        if (whole)
            y4m_row(&s->format, s->row, image->pixels + (size_t)y * (size_t)image->width);
    }
    if (whole)
        TRY(skip(s, s->format.rest_bytes, &whole));
    return whole ? STATUS_OK : cut_short(s);
}

static double time_of_frame(frame_source *s) {
    double time;
    if (s->ffmpeg.process == 0)
        return (double)s->count / s->rate;
    if (ffmpeg_next_time(&s->ffmpeg, &s->notes, &time))
        return time;
    return s->count > 0 ? s->time + 1 / s->rate : 0;
}

/* ffmpeg does so itself. */
static status keep_pace(frame_source *s) {
    enum { TICK = 50 }; /* milliseconds between two looks at the signals */
    if (!s->is_paced)
        return STATUS_OK;
    s->begun = s->count > 0 ? s->begun : clock_seconds();
    for (;;) {
        double left = s->begun + (double)s->count / s->rate - clock_seconds();
        if (left <= 0)
            return STATUS_OK;
        TRY(process_check_signals());
        if (s->in.stop && atomic_load(s->in.stop))
            return status_fail(STATUS_INTERRUPTED, "stopped");
        poll(NULL, 0, (int)ceil(fmin(1e3 * left, TICK)));
    }
}

/* A header without frames comes from a grabber that failed. */
static status end(const frame_source *s) {
    return s->count > 0 ? STATUS_OK : status_fail(STATUS_INPUT, "%s: no frames come", s->name);
}

status frame_source_next(frame_source *s, video_frame *out, bool *more) {
    *out = (video_frame){.number = s->count};
    *more = true;
    TRY(begin_frame(s, more));
    if (!*more)
        return end(s);
    TRY(grey_image_new(s->format.width, s->format.height, y4m_maximum(&s->format), &out->image));
    status result = read_planes(s, &out->image, more);
    if (result != STATUS_OK || !*more) {
        grey_image_free(&out->image);
        return result;
    }
    result = keep_pace(s);
    if (result != STATUS_OK) {
        grey_image_free(&out->image);
        return result;
    }
    if (s->format.bits > 8 && s->format.bits < 16 && !s->format.limited)
        out->image.value_high = (1 << s->format.bits) - 1;
    out->arrived = clock_seconds();
    s->time = out->time = time_of_frame(s);
    s->count++;
    return STATUS_OK;
}
