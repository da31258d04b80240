#include "eval/video/detect_video.h"

#include "core/base/clock.h"
#include "core/base/pipeline.h"
#include "core/base/process.h"
#include "core/io/text_buffer.h"
#include "eval/video/annotator.h"
#include "eval/video/byte_stream.h"
#include "eval/video/frame_line.h"
#include "eval/video/frame_queue.h"
#include "modules/detector_team.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Frames that wait: more would only make each wait longer. */
enum { QUEUE_ROOM = 2 };

typedef struct run_state {
    const video_job *job;
    video_outcome *out;
    frame_source *source;
    frame_queue *queue;
    detector_team *team;
    tracker *tracker;     /* NULL: detections are not tracked */
    annotator *annotator; /* NULL: there is no video */
    int lines;            /* descriptor; -1: nobody wants them */
    atomic_bool stop;     /* nothing more is to be read */
    double start;
    atomic_bool broken; /* the video could not be written on */
    status why_broken;  /* with its message; looked at when all frames are over */
    char broken_text[1024];
} run_state;

typedef struct frame_item {
    video_frame frame;
    detected_image result;
    track_list tracks;
    overlay_levels levels;
    overlay_picture picture;
} frame_item;

/* --- the thread that reads the source --- */

static void *read_source(void *context) {
    run_state *r = context;
    status result;
    for (;;) {
        video_frame frame;
        bool more;
        result = frame_source_next(r->source, &frame, &more);
        if (result != STATUS_OK || !more || !frame_queue_put(r->queue, &frame))
            break;
    }
    frame_queue_close(r->queue, result);
    return NULL;
}

/* --- the steps of a frame --- */

static void begin(run_state *r, const video_frame *first) {
    const video_job *job = r->job;
    r->start = first->arrived;
    if (detect_cuts(job->d, job->how, &first->image))
        job->say_cut(job->source, detect_sees(job->how, &first->image));
}

static status read_item(void *context, int index, void *memory, pipeline_need *need) {
    run_state *r = context;
    const video_job *job = r->job;
    frame_item *item = memory;
    bool more = false;
    TRY(process_check_signals());
    if (!atomic_load(&r->broken))
        TRY(frame_queue_take(r->queue, &item->frame, &more));
    if (!more) {
        *need = PIPELINE_END;
        return STATUS_OK;
    }
    if (index == 0)
        begin(r, &item->frame);
    grey_span_add(&r->out->span, &item->frame.image);
    image_sizes_add_image(&r->out->sizes, &item->frame.image);
    /* One that is read ahead grows old while it waits for its turn. */
    *need = job->drop ? PIPELINE_ALONE : detect_need(job->d, job->how, &item->frame.image, job->threads > 1);
    TRY(grey_range_apply(job->range, &item->frame.image));
    range_use_add(&r->out->range_use, &item->frame.image);
    return STATUS_OK;
}

static status search_item(void *context, int seat, void *memory) {
    run_state *r = context;
    frame_item *item = memory;
    detector *d;
    TRY(detector_team_member(r->team, seat, &d));
    status done = detect_image(d, &item->frame.image, r->job->how, &item->result);
    return done == STATUS_OK ? STATUS_OK : status_prefix(done, "frame %lld", (long long)item->frame.number);
}

static status write_line(run_state *r, const text_buffer *line) {
    bool gone;
    status result = byte_stream_write(r->lines, NULL, line->text, line->size, &gone);
    r->out->nobody_reads = r->out->nobody_reads || gone;
    return result == STATUS_OUTPUT
               ? status_prefix(result, "%s", r->lines == STDOUT_FILENO ? "standard output" : r->job->lines)
               : result;
}

static status track_detections(run_state *r, frame_item *item) {
    const detection_list *found = &item->result.found;
    track_point *points = malloc(((size_t)found->count + 1) * sizeof *points);
    if (!points)
        return status_fail(STATUS_MEMORY, "out of memory for %d detections", found->count);
    for (int i = 0; i < found->count; i++)
        points[i] = (track_point){found->items[i].x, found->items[i].y};
    status result = tracker_step(r->tracker, item->frame.number, points, found->count);
    free(points);
    return result == STATUS_OK ? tracker_confirmed(r->tracker, &item->tracks.items, &item->tracks.count) : result;
}

static status record_item(void *context, void *memory) {
    run_state *r = context;
    frame_item *item = memory;
    text_buffer line;
    if (r->tracker)
        TRY(track_detections(r, item));
    if (r->annotator)
        item->levels = annotator_levels(r->annotator, &item->frame.image);
    if (r->lines < 0)
        return STATUS_OK;
    TRY(text_buffer_begin(&line));
    frame_line_print(&line, &item->frame, &item->result.found, &item->tracks);
    status result = text_buffer_end(&line);
    if (result == STATUS_OK)
        result = write_line(r, &line);
    text_buffer_free(&line);
    return result;
}

static status draw_item(void *context, void *memory) {
    const run_state *r = context;
    frame_item *item = memory;
    if (!r->annotator)
        return STATUS_OK;
    return annotator_draw(&item->frame, &item->levels, &item->result.found, &item->tracks, &item->picture);
}

/* Pictures are drawn in any order, and written in that of the frames. A failure ends the run with the next frame that
 * would be read. */
static void write_picture(run_state *r, const frame_item *item) {
    if (!r->annotator || atomic_load(&r->broken))
        return;
    bool gone; /* a picture of before may follow a line that nobody reads any more */
    r->why_broken = annotator_write(r->annotator, item->frame.number, &item->picture, &gone);
    r->out->nobody_reads = r->out->nobody_reads || gone;
    if (r->why_broken == STATUS_OK)
        return;
    snprintf(r->broken_text, sizeof r->broken_text, "%s", status_message());
    atomic_store(&r->broken, true);
}

static void finish_item(void *context, int index, void *memory, bool failed) {
    run_state *r = context;
    video_outcome *o = r->out;
    frame_item *item = memory;
    (void)index;
    if (!failed) {
        write_picture(r, item);
        double now = clock_seconds();
        o->frames++;
        o->found += item->result.found.count;
        o->seconds = now - r->start;
        latency_add(&o->latencies, now - item->frame.arrived);
    }
    overlay_picture_free(&item->picture);
    free(item->tracks.items);
    detected_image_free(&item->result);
    grey_image_free(&item->frame.image);
}

/* --- all of it --- */

static status run_frames(run_state *r) {
    pthread_t reader;
    TRY(frame_queue_new(QUEUE_ROOM, r->job->drop, &r->queue));
    if (pthread_create(&reader, NULL, read_source, r) != 0)
        return status_fail(STATUS_MEMORY, "the thread that reads a video cannot be started");
    status result = pipeline_run(&(pipeline){.count = INT_MAX,
                                             .seats = r->job->threads,
                                             .item_size = sizeof(frame_item),
                                             .context = r,
                                             .read = read_item,
                                             .compute = search_item,
                                             .record = record_item,
                                             .write = draw_item,
                                             .finish = finish_item});
    atomic_store(&r->stop, true);
    frame_queue_refuse(r->queue);
    pthread_join(reader, NULL);
    r->out->dropped = frame_queue_dropped(r->queue);
    return result;
}

static bool is_pipe(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISFIFO(info.st_mode);
}

/* A pipe is waited for until somebody reads it, or a signal comes. */
static status open_for_lines(const char *path, int *out) {
    enum { TICK = 50 }; /* milliseconds */
    for (;;) {
        TRY(process_check_signals());
        *out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0666);
        if (*out >= 0 || errno != ENXIO || !is_pipe(path))
            return STATUS_OK;
        poll(NULL, 0, TICK);
    }
}

static status open_lines(run_state *r) {
    const char *path = r->job->lines;
    if (!path)
        return STATUS_OK;
    r->lines = STDOUT_FILENO;
    if (strcmp(path, "-") != 0)
        TRY(open_for_lines(path, &r->lines));
    return r->lines >= 0 ? STATUS_OK : status_fail(STATUS_OUTPUT, "%s: cannot be written: %s", path, strerror(errno));
}

/* All that a run needs but the source. */
static status run_source(run_state *r) {
    const video_job *job = r->job;
    TRY(detector_team_new(job->d, job->threads, &r->team));
    if (job->track)
        TRY(tracker_new(job->track, &r->tracker));
    TRY(open_lines(r));
    if (job->annotate)
        TRY(annotator_open(job->annotate, r->source, &r->annotator));
    status result = run_frames(r);
    if (r->tracker)
        r->out->tracks = tracker_count(r->tracker);
    return result;
}

/* The first failure of three: of the frames, of writing the video, of completing it. What ffmpeg says tells more than
 * that it does not take any more. */
static status close_video(run_state *r, status result) {
    char text[sizeof r->broken_text];
    snprintf(text, sizeof text, "%s", result == STATUS_OK ? r->broken_text : status_message());
    status closed = annotator_close(r->annotator);
    if (result != STATUS_OK)
        return status_fail(result, "%s", text);
    if (closed != STATUS_OK || r->why_broken == STATUS_OK)
        return closed;
    return status_fail(r->why_broken, "%s", text);
}

static status close_lines(const run_state *r, status result) {
    bool closed = r->lines < 0 || r->lines == STDOUT_FILENO || close(r->lines) == 0;
    return closed || result != STATUS_OK
               ? result
               : status_fail(STATUS_OUTPUT, "%s: cannot be written: %s", r->job->lines, strerror(errno));
}

status detect_video(const video_job *job, video_outcome *out) {
    run_state r = {.job = job, .out = out, .lines = -1};
    frame_source_options options = {.raw_width = job->raw_width,
                                    .raw_height = job->raw_height,
                                    .rate = job->rate,
                                    .own_pace = job->drop,
                                    .stop = &r.stop};
    *out = (video_outcome){0};
    atomic_init(&r.stop, false);
    atomic_init(&r.broken, false);
    status result = frame_source_open(job->source, &options, &r.source);
    if (result == STATUS_OK)
        result = run_source(&r);
    result = close_lines(&r, close_video(&r, result));
    tracker_free(r.tracker);
    frame_queue_free(r.queue);
    detector_team_free(r.team);
    frame_source_free(r.source);
    return out->nobody_reads ? STATUS_OK : result;
}
