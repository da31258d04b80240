#include "eval/detect/detect_images.h"

#include "core/base/pipeline.h"
#include "core/base/process.h"
#include "core/io/file_io.h"
#include "core/log/progress.h"
#include "eval/detect/detection_files.h"
#include "modules/detector_team.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
    MOST_SHARED = 640 * 512,  /* pixels of an image that one thread searches: its maps are in memory once a thread */
    MOST_BESIDE = 1280 * 1024 /* of one that is in memory beside others */
};

typedef struct run_state {
    const detect_job *job;
    detect_outcome *out;
    detector_team *team;
    progress bar;
    bool started, said_cut;
} run_state;

typedef struct image_item {
    const input_image *input;
    grey_image image;
    detected_image result;
    bool left_out, written;
    char why[1024]; /* it is left out */
} image_item;

detect_sides detect_sees(const detect_options *how, const grey_image *image) {
    return how->size > 0 ? (detect_sides){how->size, how->size} : (detect_sides){image->width, image->height};
}

bool detect_cuts(const detector *d, const detect_options *how, const grey_image *image) {
    detect_sides seen = detect_sees(how, image);
    return detector_cuts(d, seen.width, seen.height);
}

pipeline_need detect_need(const detector *d, const detect_options *how, const grey_image *image, bool beside) {
    detect_sides sides = detect_sees(how, image);
    int64_t stored = (int64_t)image->width * image->height, seen = (int64_t)sides.width * sides.height;
    if (detect_cuts(d, how, image) || stored > MOST_BESIDE || seen > MOST_BESIDE)
        return PIPELINE_ALONE;
    return beside && seen <= MOST_SHARED ? PIPELINE_SEAT : PIPELINE_SEATS;
}

static status read_pixels(run_state *r, const input_image *input, grey_image *image) {
    const input_options *options = r->job->input;
    TRY(image_read(&(image_source){.path = input->path,
                                   .page = input->page,
                                   .raw_width = options->raw_width,
                                   .raw_height = options->raw_height},
                   image));
    grey_span_add(&r->out->span, image);
    image_sizes_add_image(&r->out->sizes, image);
    TRY(grey_range_apply(r->job->range, image));
    range_use_add(&r->out->range_use, image);
    return STATUS_OK;
}

/* What is wrong with one image does not end the others. */
static status leave_out(image_item *item) {
    item->left_out = true;
    snprintf(item->why, sizeof item->why, "%s", status_message());
    return STATUS_OK;
}

static status read_item(void *context, int index, void *memory, pipeline_need *need) {
    run_state *r = context;
    image_item *item = memory;
    item->input = &r->job->images->items[index];
    TRY(process_check_signals());
    if (read_pixels(r, item->input, &item->image) != STATUS_OK)
        return leave_out(item);
    const detect_job *job = r->job;
    bool few = job->images->count < 2 * job->threads; /* to be shared out evenly */
    *need = detect_need(job->d, job->how, &item->image, job->threads > 1 && !few);
    return STATUS_OK;
}

/* A result that depends on the cuts is not given without a word; an image whose stages are asked for is refused in
 * words of its own. */
static void say_cut(run_state *r, const image_item *item) {
    const detect_job *job = r->job;
    if (r->said_cut || job->how->detail == DETAIL_STAGES || !detect_cuts(job->d, job->how, &item->image))
        return;
    job->say_cut(item->input->path, detect_sees(job->how, &item->image));
    r->said_cut = true;
}

static status search_item(void *context, int seat, void *memory) {
    run_state *r = context;
    image_item *item = memory;
    detector *d;
    if (item->left_out)
        return STATUS_OK;
    if (seat == r->job->threads)
        say_cut(r, item);
    TRY(detector_team_member(r->team, seat, &d));
    status done = detect_image(d, &item->image, r->job->how, &item->result);
    if (done == STATUS_OK)
        return STATUS_OK;
    status_prefix(done, "%s", item->input->path);
    return done == STATUS_INPUT ? leave_out(item) : done;
}

static status start_output(run_state *r) {
    if (r->started)
        return STATUS_OK;
    TRY(folder_create(r->job->out));
    if (r->job->raw)
        TRY(h5_create(r->job->raw, &r->out->maps));
    r->started = true;
    return STATUS_OK;
}

/* An image in a folder of the input lies in such a folder of the output. */
static status create_folder_of(const char *out, const char *name) {
    char folder[4096], *slash;
    TRY(path_join(folder, out, name, ""));
    slash = strrchr(folder, '/');
    *slash = 0;
    return folder_create(folder);
}

static status record_item(void *context, void *memory) {
    run_state *r = context;
    const image_item *item = memory;
    if (item->left_out) {
        if (r->out->left_out++ == 0)
            snprintf(r->out->first_error, sizeof r->out->first_error, "%s", item->why);
        return STATUS_OK;
    }
    const char *name = item->input->name;
    TRY(start_output(r));
    TRY(detection_report_add(r->job->report, name, item->input->path, &item->result));
    if (r->out->maps)
        TRY(detection_write_maps(r->out->maps, name, &item->result.maps));
    return strchr(name, '/') ? create_folder_of(r->job->out, name) : STATUS_OK;
}

static status write_item(void *context, void *memory) {
    const run_state *r = context;
    image_item *item = memory;
    if (item->left_out)
        return STATUS_OK;
    TRY(detection_write_pictures(r->job->out, item->input->name, &item->image, &item->result));
    item->written = true;
    return STATUS_OK;
}

static void finish_item(void *context, int index, void *memory, bool failed) {
    run_state *r = context;
    image_item *item = memory;
    if (failed && item->written)
        detection_remove_pictures(r->job->out, item->input->name);
    if (!failed && item->written) {
        r->out->done++;
        r->out->found += item->result.found.count;
    }
    detected_image_free(&item->result);
    grey_image_free(&item->image);
    progress_update(&r->bar, index + 1, item->input->name);
}

status detect_images(const detect_job *job, detect_outcome *out) {
    run_state r = {.job = job, .out = out};
    *out = (detect_outcome){0};
    TRY(detector_team_new(job->d, job->threads, &r.team));
    progress_begin(&r.bar, "detect", "image", job->images->count);
    status result = pipeline_run(&(pipeline){.count = job->images->count,
                                             .seats = job->threads,
                                             .item_size = sizeof(image_item),
                                             .context = &r,
                                             .read = read_item,
                                             .compute = search_item,
                                             .record = record_item,
                                             .write = write_item,
                                             .finish = finish_item});
    progress_end(&r.bar);
    detector_team_free(r.team);
    return result;
}
