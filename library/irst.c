#include "include/irst.h"

#include "eval/detect/detections.h"
#include "eval/measure/score_map.h"
#include "library/detector_handle.h"
#include "library/frame_map.h"
#include "library/host_state.h"
#include "library/settings.h"
#include "modules/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of this thread: unlike status_message, a failure that the library got over leaves no trace in it. */
static _Thread_local char last_error[1024];
static _Thread_local int last_code;

int irst_outcome(status result) {
    int code = status_exit_code(result);
    if (result != STATUS_OK) {
        snprintf(last_error, sizeof last_error, "%s", status_message());
        last_code = code;
    }
    return code;
}

const char *irst_error(void) {
    return last_error;
}

int irst_error_code(void) {
    return last_code;
}

const char *irst_version(void) {
    return IRST_VERSION;
}

/* --- opening and closing --- */

static void free_handle(irst_detector *d) {
    if (!d)
        return;
    workspace_free(&d->maps);
    detector_free(d->d);
    engine_free(d->e);
    free(d->checkpoint);
    text_buffer_free(&d->report);
    text_buffer_free(&d->remarks);
    free(d);
}

static status open_with(const settings *s, const irst_options *options, irst_detector *d) {
    int threads = options ? options->threads : 0;
    if (threads < 0)
        return status_fail(STATUS_USAGE, "%d threads, expected 0 or more", threads);
    TRY(engine_new_with(threads, options ? options->isa : NULL, &d->e));
    TRY(settings_open(s, d->e, &d->d));
    if (s->checkpoint && !(d->checkpoint = strdup(s->checkpoint)))
        return status_fail(STATUS_MEMORY, "out of memory for a detector");
    detector_set_tiles(d->d, &s->tiles);
    d->range = s->range;
    d->threshold = s->threshold;
    d->size = s->size;
    return STATUS_OK;
}

static status open_handle(const char *name, const irst_options *options, irst_detector **out) {
    settings s;
    irst_detector *d = calloc(1, sizeof *d);
    if (!d)
        return status_fail(STATUS_MEMORY, "out of memory for a detector");
    status result = settings_read(name, options, &s);
    if (result == STATUS_OK)
        result = open_with(&s, options, d);
    settings_free(&s);
    if (result == STATUS_OK)
        *out = d;
    else
        free_handle(d);
    return result;
}

irst_detector *irst_open(const char *checkpoint_or_method, const irst_options *options) {
    irst_detector *d = NULL;
    host_state host = host_state_put_aside();
    irst_outcome(open_handle(checkpoint_or_method, options, &d));
    host_state_put_back(&host);
    return d;
}

void irst_close(irst_detector *d) {
    host_state host = host_state_put_aside();
    free_handle(d);
    host_state_put_back(&host);
}

/* --- detecting --- */

static status list_detections(irst_detector *d, const detection_list *found, irst_result *out) {
    irst_detection *items = workspace_take(&d->maps, (size_t)found->count + 1, sizeof *items);
    TRY(workspace_check(&d->maps));
    for (int i = 0; i < found->count; i++) {
        const detection *from = &found->items[i];
        items[i] =
            (irst_detection){from->x, from->y, from->x0, from->y0, from->x1, from->y1, from->area, (float)from->peak};
    }
    out->detections = items;
    out->count = found->count;
    return STATUS_OK;
}

static status detect(irst_detector *d, const irst_frame *frame, irst_result *out) {
    frame_view seen;
    detector_maps maps;
    detection_list found;
    int width = frame->width, height = frame->height;
    workspace_begin(&d->maps);
    TRY(frame_map(frame, &d->range, d->size, &d->maps, &seen));
    size_t pixels = (size_t)width * (size_t)height, values = (size_t)seen.width * (size_t)seen.height;
    TRY(detector_run(d->d, seen.values, seen.width, seen.height, DETAIL_SCORE, &maps));
    TRY(score_map_check(maps.score, values));
    bool resized = seen.width != width || seen.height != height;
    uint8_t *mask = workspace_take(&d->maps, pixels, sizeof *mask);
    float *unit = seen.values, *score = resized ? workspace_take(&d->maps, pixels, sizeof *score) : unit;
    TRY(workspace_check(&d->maps));
    score_map_to_unit(maps.score, values, detector_score_kind(d->d), unit); /* the image has been seen by now */
    if (resized)
        score_map_resize(unit, seen.width, seen.height, width, height, score);
    score_map_threshold(score, pixels, d->threshold, mask);
    TRY(detections_find_in(&d->maps, score, mask, width, height, &found));
    irst_result result = {.width = width, .height = height, .score = score, .threshold = (float)d->threshold};
    TRY(list_detections(d, &found, &result));
    *out = result;
    return STATUS_OK;
}

int irst_detect(irst_detector *d, const irst_frame *frame, irst_result *out) {
    host_state host = host_state_put_aside();
    if (out)
        *out = (irst_result){0};
    int code = irst_outcome(d && frame && out ? detect(d, frame, out)
                                              : status_fail(STATUS_USAGE, "irst_detect needs a detector, a frame and "
                                                                          "a place for the result; one is NULL"));
    host_state_put_back(&host);
    return code;
}

int irst_set_threshold(irst_detector *d, float threshold) {
    host_state host = host_state_put_aside();
    status result = STATUS_OK;
    if (!d)
        result = status_fail(STATUS_USAGE, "irst_set_threshold needs a detector");
    else if (!checkpoint_is_threshold(threshold))
        result = status_fail(STATUS_USAGE, "a threshold of %g, expected at least 0 and less than 1", threshold);
    else
        d->threshold = threshold;
    int code = irst_outcome(result);
    host_state_put_back(&host);
    return code;
}
