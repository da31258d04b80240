/* bin/prepare: see --help. */
#include "core/base/process.h"
#include "core/config/cli.h"
#include "core/io/text_buffer.h"
#include "core/log/progress.h"
#include "datasets/check/set_check.h"
#include "datasets/make/split_set.h"
#include "datasets/make/synthesize.h"
#include "datasets/set_origin.h"
#include "eval/measure/evaluation_report.h"
#include "eval/programs/arguments.h"
#include "eval/programs/prepare_boxes.h"
#include "eval/programs/prepare_pack.h"
#include "eval/programs/prepare_sirst_aug.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int train_count = 200, seed = 1;
static double val_share = 0.1, test_amount = NAN;
static const char *size_text, *range, *mask, *fill = "contrast";

static const cli_option options[] = {
    {"size", CLI_TEXT, &size_text, "N|native", "side in pixels: synthesize 256, pack native unless given"},
    {"range", CLI_TEXT, &range, "RANGE",
     "pack, check: grey values that become black and white: LO,HI, image, percentile[:P] or full (the file's full "
     "scale)"},
    {"mask", CLI_TEXT, &mask, "max|half|any",
     "pack: masks become target or not: pixels equal to the mask's maximum, above half of full scale, above 0; check: "
     "they are read so"},
    {"train", CLI_INT, &train_count, "N", "synthesize: training scenes"},
    {"test", CLI_REAL, &test_amount, "N",
     "synthesize: test scenes, 40 unless given; split: share for test, 0.2 unless given"},
    {"val", CLI_REAL, &val_share, "SHARE", "split: share to choose the best epoch and the threshold on"},
    {"fill", CLI_TEXT, &fill, "contrast|box", "boxes: target is what stands out in a box, or all of it"},
    {"seed", CLI_INT, &seed, "N", "synthesize, sirst-aug, split: the same seed gives the same set"},
};

static const cli_scope scopes[] = {
    {"size", "pack, synthesize"},
    {"range", "check, pack"},
    {"mask", "check, pack"},
    {"train", "synthesize"},
    {"test", "synthesize, split"},
    {"val", "split"},
    {"fill", "boxes"},
    {"seed", "synthesize, sirst-aug, split"},
};

static const cli_program program = {
    .name = "prepare",
    .summary = "checks, packs and makes data sets",
    .arguments = "check DIR | pack DIR OUT.h5 | split DIR | sirst-aug SIRST_DIR OUT |\n"
                 "                boxes IMAGES BOXES OUT | synthesize OUT_DIR",
    .examples =
        "@prepare check /data/NUDT-SIRST                             # counts, sizes, mask values, the known totals\n"
        "@prepare pack /data/NUDT-SIRST nudt.h5                      # all splits in one HDF5 file\n"
        "@prepare pack /data/SIRST sirst.h5 --size 256               # images of all sizes need a common one\n"
        "@prepare pack frames frames.h5 --range 0,16383 --mask any   # 14-bit images; masks become target or not\n"
        "@prepare split mine --val 0.1 --test 0.2 --seed 1           # writes train.txt, val.txt and test.txt\n"
        "@prepare sirst-aug /data/SIRST SIRST-Aug                    # reconstructed; OUT.h5 packs it\n"
        "@prepare boxes frames annotations.json set                  # COCO JSON, or a folder of VOC .xml, YOLO .txt\n"
        "@prepare synthesize scenes --train 200 --test 40 --size 128\n",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .scopes = scopes,
    .scope_count = sizeof scopes / sizeof *scopes,
};

static void show_progress(void *context, int done) {
    progress_update(context, done, NULL);
}

static status parse_size(int native, int *out) {
    char *end;
    if (!size_text || !strcmp(size_text, "native")) {
        *out = native;
        return STATUS_OK;
    }
    long value = strtol(size_text, &end, 10);
    if (end == size_text || *end || value < 1 || value > 4096)
        return status_fail(STATUS_USAGE, "--size %s: expected 1 to 4096, or native", size_text);
    *out = (int)value;
    return STATUS_OK;
}

static status parse_mask(mask_rule *out) {
    int rule = MASK_MAX;
    if (mask)
        TRY(argument_choice("mask", mask, mask_rule_names, 3, &rule));
    *out = (mask_rule)rule;
    return STATUS_OK;
}

static status pack(const char *from, const char *to) {
    pack_options how = {.binary = mask != NULL};
    grey_range values;
    TRY(argument_keeps("OUT.h5", to, from));
    TRY(parse_size(0, &how.size));
    TRY(argument_range(range, NULL, &values));
    TRY(parse_mask(&how.rule));
    char *origin;
    text_buffer description;
    TRY(set_origin_read(from, &origin));
    status result = text_buffer_begin(&description);
    if (result == STATUS_OK) {
        fprintf(description.stream, "packed from %s, grey range %s, masks %s%s%s", from, range ? range : "full",
                mask ? mask : "as stored", *origin ? "\n\n" : "", origin);
        result = text_buffer_end(&description);
    }
    free(origin);
    how.description = description.text;
    if (result == STATUS_OK)
        result = prepare_pack(from, to, &values, &how);
    text_buffer_free(&description);
    return result;
}

static status synthesize(const char *to) {
    int size, test_count = isnan(test_amount) ? 40 : (int)test_amount;
    TRY(parse_size(256, &size));
    if (seed < 0)
        return status_fail(STATUS_USAGE, "--seed %d: expected 0 or more", seed);
    if (!isnan(test_amount) && test_amount != test_count)
        return status_fail(STATUS_USAGE, "--test %g: expected a number of scenes", test_amount);
    progress bar;
    progress_begin(&bar, "painting", "scene", train_count + test_count);
    status result = synthesize_folder(to, (uint64_t)seed, size, train_count, test_count, show_progress, &bar);
    progress_end(&bar);
    if (result == STATUS_OK)
        printf("%s: %d training and %d test scenes of %dx%d\n", to, train_count, test_count, size, size);
    return result;
}

static status split(const char *path) {
    if (seed < 0)
        return status_fail(STATUS_USAGE, "--seed %d: expected 0 or more", seed);
    split_shares shares = {.val = val_share, .test = isnan(test_amount) ? 0.2 : test_amount, .seed = (uint64_t)seed};
    split_counts counts;
    TRY(split_set_write(path, &shares, &counts));
    printf("%s: %d images for training, %d to choose on, %d for test, seed %d\n", path, counts.train, counts.val,
           counts.test, seed);
    if (counts.folders)
        printf("  whole folders, of which there are %d: frames of a sequence stay together\n", counts.folders);
    return STATUS_OK;
}

static status check(const char *path) {
    set_check report;
    set_check_options how = {.rule_chosen = mask != NULL};
    progress bar;
    TRY(argument_range(range, NULL, &how.range));
    TRY(parse_mask(&how.rule));
    progress_begin(&bar, "checking", "image", 0);
    status result = set_check_run(path, &how, &report, progress_share, &bar);
    progress_end(&bar);
    TRY(result);
    set_check_print(&report, stdout);
    if (report.findings.count)
        result = status_fail(STATUS_INPUT, "%s: %d finding%s", path, report.findings.count,
                             report.findings.count > 1 ? "s" : "");
    set_check_free(&report);
    return result;
}

static status run(int argc, char **argv) {
    cli_action action;
    const char **arguments;
    int count;
    TRY(cli_parse(&program, argc, argv, &action, &arguments, &count));
    if (action == CLI_DONE)
        return STATUS_OK;
    process_begin_signals();
    if (count == 2 && !strcmp(arguments[0], "check"))
        return check(arguments[1]);
    if (count == 3 && !strcmp(arguments[0], "pack"))
        return pack(arguments[1], arguments[2]);
    if (count == 2 && !strcmp(arguments[0], "split"))
        return split(arguments[1]);
    if (count == 2 && !strcmp(arguments[0], "synthesize"))
        return synthesize(arguments[1]);
    if (count == 4 && !strcmp(arguments[0], "boxes"))
        return prepare_boxes(arguments[1], arguments[2], arguments[3], fill);
    if (count == 3 && !strcmp(arguments[0], "sirst-aug"))
        return prepare_sirst_aug(arguments[1], arguments[2], seed);
    return status_fail(STATUS_USAGE,
                       "%s%sexpected check DIR, pack DIR OUT.h5, split DIR, sirst-aug SIRST_DIR OUT, "
                       "boxes IMAGES BOXES OUT or synthesize OUT_DIR",
                       count ? arguments[0] : "", count ? ": " : "");
}

int main(int argc, char **argv) {
    return cli_finish(&program, run(argc, argv));
}
