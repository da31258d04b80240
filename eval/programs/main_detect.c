/* detect: finds targets in images and shows them. */
#include "core/base/process.h"
#include "core/base/utf8.h"
#include "core/config/cli.h"
#include "core/io/file_io.h"
#include "eval/detect/detect_images.h"
#include "eval/programs/arguments.h"
#include "eval/programs/detect_live.h"
#include "eval/programs/shipped_weights.h"
#include "modules/checkpoint.h"
#include "modules/torch/weights_notes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *checkpoint, *weights, *method, *out, *raw, *size = "native", *threshold, *range, *y16,
                                                              *tiles = "auto", *precision = "float";
static bool raw_stages, recursive;
static live_options live;

enum { OPTION_METHOD };

static cli_option options[] = {
    [OPTION_METHOD] = {"method", CLI_TEXT, &method, "NAME", NULL}, /* its help is made from the registry */
    {"checkpoint", CLI_TEXT, &checkpoint, "FILE.h5",
     "trained network, from train or convert, or a PyTorch checkpoint; the latter takes model.KEY=VALUE for what its "
     "tensors do not tell"},
    {"weights", CLI_TEXT, &weights, shipped_weights_words,
     SHIPPED_WEIGHTS_HELP ". Without one of these three options the first of the list is taken"},
    {"out", CLI_TEXT, &out, "DIR",
     "folder for the results, another than that of an INPUT: NAME_score.png (16 bit), NAME_mask.png, NAME_labels.png "
     "(16 bit, the number of "
     "each pixel's detection) and NAME_overlay.png of each image, detections.json, detections.csv and "
     "detections.coco.json of all (centroid, box with inclusive corners, area, peak score; pixels are "
     "counted from 0)"},
    {"size", CLI_TEXT, &size, "N|native",
     "resize images to N x N for the method; scores (bilinear), boxes and pictures come out in image coordinates"},
    {"range", CLI_TEXT, &range, "RANGE", ARGUMENT_RANGE_HELP},
    {"recursive", CLI_FLAG, &recursive, NULL,
     "look into folders in a folder too, but for --out; results lie in folders of the same name"},
    {"y16", CLI_TEXT, &y16, "WxH",
     "files that end in .raw, .y16 or .bin are frames of this size, 16 bits a pixel, little-endian, no header; and so "
     "is "
     "the SOURCE of --video, whatever its name"},
    {"tiles", CLI_TEXT, &tiles, "auto|off|SIDE,OVERLAP", ARGUMENT_TILES_HELP},
    {"precision", CLI_TEXT, &precision, "float|int8", ARGUMENT_PRECISION_HELP},
    {"threshold", CLI_TEXT, &threshold, "T",
     "pixels whose score is above T are detected, 0 <= T < 1; without it that of the checkpoint (@convert "
     "set-threshold) or 0.5. The score of a network is a probability, taken as it "
     "is: an image without target gives no detection. The other methods' score is its ratio to the image's maximum"},
    {"raw", CLI_TEXT, &raw, "FILE.h5", "store unquantised maps: NAME/score, NAME/logit, NAME/reconstruction"},
    {"raw-stages", CLI_FLAG, &raw_stages, NULL, "and those of every stage: NAME/stageK/B, T, N, D"},
    {"video", CLI_TEXT, &live.video, "SOURCE",
     "instead of images, the frames of what ffmpeg (Debian: package ffmpeg) reads: a file, a camera (/dev/video0), an "
     "address (rtsp://...); or - for y4m or raw frames (--y16) on standard input, which needs no ffmpeg. Grey of 8 and "
     "16 bits is taken as it is. Of each frame a line of JSON goes to standard output: number, time in seconds, "
     "detections; at the end frames a second and the percentiles of the latency to standard error"},
    {"lines", CLI_TEXT, &live.lines, "FILE", "with --video: write the lines of JSON there"},
    {"annotate", CLI_TEXT, &live.annotate, "OUT.mp4|-",
     "with --video: write the frames with boxes around what was found as a video too, of the kind that the ending "
     "says; "
     "- is y4m on standard output, and the lines of JSON are then written with --lines only. A box has the peak score, "
     "with --track the track's number, and is dashed where a track is expected and not seen"},
    {"drop", CLI_FLAG, &live.drop, NULL,
     "with --video: when frames come faster than they are searched, leave out the oldest that wait, and count them; a "
     "file is then read at the speed it was taken. Without it every frame is searched"},
    {"track", CLI_FLAG, &live.track, NULL,
     "with --video: join detections over frames to tracks with a number, by nearest neighbours within a gate (Kalman "
     "filters of constant velocity), and leave out what does not become a track, such as flashes of one frame"},
    {"tracking", CLI_TEXT, &live.tracking, "KEY=VALUE,...",
     "the same with other parameters than " TRACKER_DEFAULTS
     ": noise of a place (pixels), of the acceleration (pixels a "
     "frame, each frame), and of a new target's speed (pixels a frame), as standard deviations; gate of the squared "
     "normalised distance; detections in so many first frames that confirm a track; frames in a row that it may be "
     "unseen"},
    {"fps", CLI_TEXT, &live.fps, "N", "with --video: frames a second where the source does not say (default: 25)"},
};

static const cli_program program = {
    .name = "detect",
    .summary = "finds small targets in infrared images (PNG, JPEG, BMP, TIFF, PGM, raw; 8 or 16 bits, any size)",
    .arguments = "INPUT... --out DIR | --video SOURCE [--checkpoint FILE.h5 | --weights NAME | --method NAME "
                 "[model.KEY=VALUE ...]] "
                 "[options]",
    .examples =
        "@detect image.png --out found\n"
        "@detect --weights list                                    # the weights that come with the programs\n"
        "@detect folder/ more/a.png --checkpoint best.h5 --out found --size 256 --threshold 0.3\n"
        "@detect image.png --checkpoint best.h5 --out found --raw maps.h5 --raw-stages\n"
        "@detect frames/ --recursive --range percentile --out found   # thermal frames of 14 bits in 16\n"
        "OMP_NUM_THREADS=4 @detect frames/ --out found             # four small images at a time, one a thread\n"
        "@detect dump.raw --y16 640x512 --range 0,16383 --out found\n"
        "@detect panorama.png --out found --tiles 512,64           # 10000x10000 pixels fit in 2 GiB\n"
        "@detect frames/ --checkpoint calibrated.h5 --precision int8 --out found   # after @convert calibrate\n"
        "@detect folder/ --method ipi model.preset=community --out found\n"
        "@detect --video flight.mkv > flight.jsonl\n"
        "@detect --video rtsp://camera/stream --drop --track --checkpoint best.h5\n"
        "@detect --video flight.mkv --tracking confirm=2/3,speed=5 --lines tracks.jsonl\n"
        "@detect --video flight.mkv --track --annotate seen.mp4 > flight.jsonl\n"
        "@detect --video /dev/video0 --drop --annotate - | ffplay -\n"
        "grabber | @detect --video - --y16 640x512 --fps 50 --range 0,16383",
    .options = options,
    .option_count = sizeof options / sizeof *options,
};

/* Everything of one run. */
typedef struct run_state {
    engine *e;
    detector *d;
    detect_options how;
    input_images images;
    grey_range range;
    trained_view view;
    detection_report *report;
    detect_outcome outcome;
    video_job video;
    tracker_options track;
    video_outcome video_outcome;
} run_state;

static bool unasked; /* the weights were not named */
static detector_tiles cuts;

static void say(const char *text) {
    fprintf(stderr, "detect: %s\n", text);
}

static void say_cut(const char *path, detect_sides seen) {
    fprintf(stderr,
            "detect: %s is seen at %dx%d pixels: it and others as large are cut into tiles of %d, overlap %d "
            "(--tiles)\n",
            path, seen.width, seen.height, cuts.side, cuts.overlap);
}

/* What the user would not see from the results. */
static void say_remarks(const run_state *r) {
    char text[1024];
    if (unasked) {
        snprintf(text, sizeof text,
                 "found by the weights '%s' that come with the programs and know their training images only (--weights "
                 "list); for other cameras train on their images and give --checkpoint",
                 weights);
        say(text);
    }
    if (input_images_remark(&r->images, text, sizeof text))
        say(text);
    const grey_span *span = live.video ? &r->video_outcome.span : &r->outcome.span;
    if (r->range.kind == RANGE_FULL && grey_span_remark(span, "--range ", text, sizeof text))
        say(text);
    const range_use *use = live.video ? &r->video_outcome.range_use : &r->outcome.range_use;
    if (range_use_remark(use, &r->range, span, text, sizeof text))
        say(text);
    const image_sizes *sizes = live.video ? &r->video_outcome.sizes : &r->outcome.sizes;
    if (trained_view_remark(&r->view, checkpoint, r->how.size, sizes, "--size", text, sizeof text))
        say(text);
}

static status finish_output(run_state *r) {
    detect_outcome *o = &r->outcome;
    if (o->done > 0) {
        say_remarks(r);
        TRY(detection_report_write(r->report, out));
        h5_file *maps = o->maps;
        o->maps = NULL;
        if (maps)
            TRY(h5_commit(maps));
        printf("%d image%s, %d detection%s: see %s\n", o->done, o->done == 1 ? "" : "s", o->found,
               o->found == 1 ? "" : "s", out);
    }
    if (o->left_out == 0)
        return STATUS_OK;
    if (r->images.count == 1)
        return status_fail(STATUS_INPUT, "%s", o->first_error);
    return status_fail(STATUS_INPUT, "%s (%d of %d images are left out)", o->first_error, o->left_out, r->images.count);
}

/* A folder that is read and written would offer its own pictures as images the next time, and a picture may have the
 * name of an image or of its mask. */
static status refuse_own_output(const char *const *inputs, int count) {
    char folder[4096];
    for (int i = 0; i < count; i++) {
        bool is_folder = path_is_folder(inputs[i]);
        path_folder(inputs[i], folder);
        if (path_is_same(is_folder ? inputs[i] : folder, out))
            return status_fail(STATUS_USAGE, "%s is%s an INPUT and cannot be --out too", out,
                               is_folder ? "" : " the folder of");
    }
    return STATUS_OK;
}

/* The file of maps would take the place of an image, or of the network. */
static status refuse_own_maps(const input_images *images) {
    TRY(argument_keeps("--raw", raw, checkpoint));
    for (int i = 0; i < images->count; i++)
        TRY(argument_keeps("--raw", raw, images->items[i].path));
    return STATUS_OK;
}

/* A video leaves lines, and no files of each frame. */
static status refuse_with_video(int inputs) {
    const char *given = inputs > 0   ? "INPUT"
                        : out        ? "--out"
                        : raw        ? "--raw"
                        : raw_stages ? "--raw-stages"
                        : recursive  ? "--recursive"
                                     : NULL;
    return given ? status_fail(STATUS_USAGE, "%s does not go with --video", given) : STATUS_OK;
}

static status check_options(int inputs, detect_options *how) {
    if (live.video)
        TRY(refuse_with_video(inputs));
    else if (!out)
        return status_fail(STATUS_USAGE, "--out is missing");
    how->threshold = NAN; /* the checkpoint's */
    if (threshold)
        TRY(argument_number("--threshold", threshold, &how->threshold));
    if (threshold && !checkpoint_is_threshold(how->threshold))
        return status_fail(STATUS_USAGE, "--threshold is %g, expected at least 0 and less than 1", how->threshold);
    if (raw_stages && !raw)
        return status_fail(STATUS_USAGE, "--raw-stages needs --raw FILE.h5");
    how->detail = raw_stages ? DETAIL_STAGES : raw ? DETAIL_RECONSTRUCTION : DETAIL_SCORE;
    return argument_size(size, &how->size);
}

/* Moves the method's options behind the inputs, both in their order; returns the number of inputs. */
static int part_settings(const char **arguments, int count) {
    int inputs = 0;
    for (int i = 0; i < count; i++) {
        const char *argument = arguments[i];
        if (argument_is_model_option(argument))
            continue;
        memmove(arguments + inputs + 1, arguments + inputs, (size_t)(i - inputs) * sizeof *arguments);
        arguments[inputs++] = argument;
    }
    return inputs;
}

/* Weights that come with the programs are a checkpoint like any other. */
static status choose_weights(void) {
    unasked = !checkpoint && !method && !weights;
    if (unasked)
        weights = shipped_weights_default();
    return argument_weights(weights, method, &checkpoint);
}

/* The detector and, if none is given, the threshold of its checkpoint. */
static status open_detector(run_state *r, const char *const *settings, int count) {
    TRY(argument_detector(r->e, checkpoint, WEIGHTS_BEST, method, settings, count, &r->d));
    if (checkpoint && isnan(r->how.threshold))
        TRY(weights_read_threshold(checkpoint, &r->how.threshold));
    if (isnan(r->how.threshold))
        r->how.threshold = 0.5;
    if (checkpoint)
        TRY(weights_read_view(checkpoint, &r->view));
    return STATUS_OK;
}

static void say_names(const input_images *images) {
    int64_t bad = 0;
    for (int i = 0; i < images->count; i++)
        bad += !utf8_is_valid(images->items[i].path);
    if (bad > 0)
        fprintf(stderr, "detect: %lld name%s not UTF-8, as JSON is: in detections.json U+FFFD stands for such bytes\n",
                (long long)bad, bad == 1 ? " is" : "s are");
}

static status run_images(run_state *r, const input_options *input) {
    say_names(&r->images);
    TRY(detection_report_new(detector_name(r->d), &r->how, &r->report));
    TRY(detect_images(&(detect_job){.d = r->d,
                                    .threads = engine_threads(r->e),
                                    .how = &r->how,
                                    .images = &r->images,
                                    .input = input,
                                    .range = &r->range,
                                    .out = out,
                                    .raw = raw,
                                    .report = r->report,
                                    .say_cut = say_cut},
                      &r->outcome));
    return finish_output(r);
}

static status run_video(run_state *r, const input_options *input) {
    video_job *job = &r->video;
    job->d = r->d;
    job->threads = engine_threads(r->e);
    job->how = &r->how;
    job->range = &r->range;
    job->raw_width = input->raw_width;
    job->raw_height = input->raw_height;
    job->say_cut = say_cut;
    status result = detect_live_run(job, &r->video_outcome);
    if (r->video_outcome.frames > 0)
        say_remarks(r);
    return result;
}

static status run(run_state *r, const char **arguments, int argument_count) {
    int count = part_settings(arguments, argument_count);
    const char *const *inputs = arguments, *const *settings = arguments + count;
    input_options input = {.recursive = recursive, .except = out};
    char remark[256];
    if (shipped_weights_is_list(weights))
        return shipped_weights_print(stdout);
    TRY(choose_weights());
    TRY(check_options(count, &r->how));
    TRY(detect_live_check(&live, checkpoint, &r->video, &r->track));
    TRY(detector_tiles_read(tiles, "--tiles", &cuts));
    TRY(argument_sides("y16", y16, &input.raw_width, &input.raw_height));
    TRY(argument_range(range, checkpoint, &r->range));
    if (!live.video) {
        TRY(refuse_own_output(inputs, count));
        TRY(input_images_collect(inputs, count, &input, &r->images));
        TRY(refuse_own_maps(&r->images));
    }
    TRY(engine_new(0, &r->e));
    TRY(open_detector(r, settings, argument_count - count));
    detector_set_tiles(r->d, &cuts);
    TRY(argument_precision(precision, checkpoint, r->d, remark, sizeof remark));
    if (*remark)
        say(remark);
    return (live.video ? run_video : run_images)(r, &input);
}

int main(int argc, char **argv) {
    cli_action action = CLI_RUN;
    const char **arguments;
    int count;
    run_state r = {0};
    options[OPTION_METHOD].help = argument_method_help();
    status result = cli_parse(&program, argc, argv, &action, &arguments, &count);
    process_begin_signals();
    if (result == STATUS_OK && action == CLI_RUN)
        result = run(&r, arguments, count);
    h5_close(r.outcome.maps);
    detection_report_free(r.report);
    input_images_free(&r.images);
    detector_free(r.d);
    engine_free(r.e);
    return cli_finish(&program, result);
}
