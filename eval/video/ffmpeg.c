#include "eval/video/ffmpeg.h"

#include "core/io/file_io.h"
#include "eval/video/ffmpeg_names.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* The filter's notes are only written of frames that have something noted. */
static const char grey_and_notes[] = "format=pix_fmts=gray|gray9le|gray10le|gray12le|gray16le,"
                                     "metadata=mode=add:key=irst:value=1,"
                                     "metadata=mode=print:file='pipe\\:3':direct=1";
#define TIME_WORD "pts_time:"
#define FIRST_NOTE "frame:0 "

/* Whether ffmpeg is meant to find a protocol in it. */
static bool is_address(const char *name) {
    return ffmpeg_name_path(name) != name || strstr(name, "://");
}

/* A name that begins with a dash is no option, and what stands before the colon of a time no protocol: ffmpeg is given
 * the same file by another path. `is_path`: it is one, colons or not. */
static const char *as_path(const char *name, bool is_path, char out[4096]) {
    bool has_colon = name[strcspn(name, ":/")] == ':';
    if (*name != '-' && !(has_colon && is_path))
        return name;
    snprintf(out, 4096, "./%s", name);
    return out;
}

static status start(const char *const *argv, int pipes, child *out) {
    bool missing;
    status result = child_start(argv, pipes, out, &missing);
    return missing ? status_prefix(result, "the program ffmpeg is needed and not installed (Debian: package ffmpeg)")
                   : result;
}

/* By whatever name: those that stay with a camera are links in /dev/v4l/by-id. */
static bool is_camera(const char *source) {
    enum { VIDEO4LINUX = 81 };
    struct stat info;
    return !strncmp(source, "/dev/video", strlen("/dev/video")) ||
           (stat(source, &info) == 0 && S_ISCHR(info.st_mode) && major(info.st_rdev) == VIDEO4LINUX);
}

status ffmpeg_read(const char *source, double rate, bool own_pace, child *out) {
    const char *argv[32] = {"ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "error"};
    char path[4096], number[32];
    int count = 5;
    bool numbered = ffmpeg_name_is_sequence(source);
    if (own_pace && (numbered || path_is_file(ffmpeg_name_path(source))))
        argv[count++] = "-re";
    if (is_camera(source)) {
        argv[count++] = "-f";
        argv[count++] = "v4l2";
    }
    if (numbered) {
        snprintf(number, sizeof number, "%.9g", rate);
        argv[count++] = "-framerate";
        argv[count++] = number;
    }
    bool is_path = path_is_file(source) || (numbered && !is_address(source));
    /* Frames of another size than the first are an error, not made as large as it. */
    const char *const rest[] = {"-i",         as_path(source, is_path, path),
                                "-vf",        grey_and_notes,
                                "-fps_mode",  "passthrough",
                                "-autoscale", "0",
                                "-f",         "yuv4mpegpipe",
                                "-strict",    "-1",
                                "pipe:1"};
    memcpy(argv + count, rest, sizeof rest);
    return start(argv, CHILD_OUTPUT | CHILD_NOTES, out);
}

status ffmpeg_write(const char *path, child *out) {
    char name[4096];
    /* Most players want colour of half the size, and that even sides. */
    const char *const argv[] = {"ffmpeg",
                                "-hide_banner",
                                "-loglevel",
                                "error",
                                "-y",
                                "-f",
                                "yuv4mpegpipe",
                                "-i",
                                "pipe:0",
                                "-vf",
                                "pad=ceil(iw/2)*2:ceil(ih/2)*2",
                                "-pix_fmt",
                                "yuv420p",
                                as_path(path, !is_address(path), name),
                                NULL};
    return start(argv, CHILD_INPUT, out);
}

/* Takes the next line off; false if none is there. */
static bool next_line(const child *ffmpeg, ffmpeg_notes *notes, char line[sizeof notes->text]) {
    char *end;
    while (!(end = memchr(notes->text, '\n', notes->length))) {
        ssize_t got = read(ffmpeg->notes, notes->text + notes->length, sizeof notes->text - notes->length);
        if (got <= 0)
            return false;
        notes->length += (size_t)got;
    }
    size_t length = (size_t)(end - notes->text);
    memcpy(line, notes->text, length);
    line[length] = '\0';
    notes->length -= length + 1;
    memmove(notes->text, end + 1, notes->length);
    return true;
}

/* The note of the next frame, from the word on that its time follows; `line` begins with its number. */
static char *next_note(const child *ffmpeg, ffmpeg_notes *notes, char line[sizeof notes->text]) {
    char *word;
    do
        if (!next_line(ffmpeg, notes, line))
            return NULL;
    while (!(word = strstr(line, TIME_WORD)));
    return word;
}

bool ffmpeg_next_time(const child *ffmpeg, ffmpeg_notes *notes, double *out) {
    char line[sizeof notes->text], *end;
    const char *word = next_note(ffmpeg, notes, line);
    if (!word)
        return false;
    word += strlen(TIME_WORD);
    *out = strtod(word, &end);
    return end != word && isfinite(*out);
}

/* The filters are then made anew, and count from 0. */
bool ffmpeg_next_differs(const child *ffmpeg, ffmpeg_notes *notes) {
    char line[sizeof notes->text];
    return next_note(ffmpeg, notes, line) && !strncmp(line, FIRST_NOTE, strlen(FIRST_NOTE));
}
