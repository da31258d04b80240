/* evaluate: a detector's metrics on a split of a data set. */
#include "core/base/job.h"
#include "core/base/process.h"
#include "core/config/cli.h"
#include "eval/measure/evaluate.h"
#include "eval/measure/measured_data.h"
#include "eval/measure/operating_point.h"
#include "eval/measure/predictions.h"
#include "eval/programs/arguments.h"
#include "eval/programs/evaluate_against.h"
#include "eval/programs/evaluate_outputs.h"
#include "eval/programs/evaluate_ways.h"
#include "eval/programs/shipped_weights.h"
#include "modules/checkpoint.h"
#include "modules/torch/weights_notes.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { DEFAULT_DRAWS = 1000, UNSET = INT_MIN };

static const char *checkpoint, *weights, *method, *predicted, *data, *against;
static evaluate_outputs files;
static const char *rule, *threshold, *at_fa, *range;
static bool raw_weights;
static const char *split = "test", *size, *mask = "max", *protocol = "overlap", *format = "text";
static const char *shown = "published", *resize = "opencv", *tiles, *precision;
static int draws = UNSET, seed = 1;

enum { OPTION_METHOD };

static cli_option options[] = {
    [OPTION_METHOD] = {"method", CLI_TEXT, &method, "NAME", NULL}, /* its help is made from the registry */
    {"checkpoint", CLI_TEXT, &checkpoint, "FILE.h5",
     "trained network, from train or convert, or a PyTorch checkpoint; the latter takes model.KEY=VALUE for what its "
     "tensors do not tell"},
    {"weights", CLI_TEXT, &weights, shipped_weights_words, SHIPPED_WEIGHTS_HELP},
    {"raw-weights", CLI_FLAG, &raw_weights, NULL,
     "of a checkpoint with averaged weights (train.average) those of the last step instead"},
    {"predictions", CLI_TEXT, &predicted, "DIR",
     "score the pictures DIR/NAME.png that another program made instead: masks, or grey scores whose full scale is 1. "
     "Without --rule, --threshold and --at-fa they are scored by every rule and both protocols, unless --intervals, "
     "--records, --report, --out or --roc ask about one way: then by max, and as --protocol says"},
    {"data", CLI_TEXT, &data, "DIR|PACK.h5", "data set: a folder, or a file made by '@prepare pack'"},
    {"split", CLI_TEXT, &split, "NAME", "which part of it"},
    {"size", CLI_TEXT, &size, "N|native",
     "resize images (bilinear) and masks (nearest) to N x N; native: leave them as they are. Without it: as the "
     "checkpoint was trained, else 256, as in the published tables; with --predictions native"},
    {"resize", CLI_TEXT, &resize, "opencv|pillow",
     "whose bilinear and nearest: OpenCV's, as in the programs of RPCANet, or Pillow's, as in those of MSHNet and "
     "DNANet"},
    {"range", CLI_TEXT, &range, "RANGE", ARGUMENT_RANGE_HELP},
    {"tiles", CLI_TEXT, &tiles, "auto|off|SIDE,OVERLAP", ARGUMENT_TILES_HELP},
    {"precision", CLI_TEXT, &precision, "float|int8",
     ARGUMENT_PRECISION_HELP ". What --against names is evaluated in float"},
    {"rule", CLI_TEXT, &rule, "max|logit|score|minmax|sigma",
     SCORE_RULE_HELP ". max unless a threshold is given, then score"},
    {"threshold", CLI_TEXT, &threshold, "T",
     "another threshold for the rule; UIU-Net's authors use --rule minmax --threshold 0.22"},
    {"at-fa", CLI_TEXT, &at_fa, "RATE",
     "find the lowest threshold of the rule at which at most this share of the background of all images is predicted, "
     "1e-6 for example, and evaluate there; runs the detector three times"},
    {"mask", CLI_TEXT, &mask, "max|half|any",
     "which mask pixels are target: those equal to the mask's maximum, above 127, above 0"},
    {"protocol", CLI_TEXT, &protocol, "overlap|centroid",
     "overlap: one predicted pixel in a target finds it, Fa over background pixels; centroid: centroids nearer "
     "than 3 pixels, Fa over all pixels"},
    {"format", CLI_TEXT, &format, "text|csv|json", "csv and json hold fractions, text percent and Fa in 1e-5"},
    {"metrics", CLI_TEXT, &shown, "published|all", "which metrics the text shows; csv and json have all"},
    {"records", CLI_TEXT, &files.records, "FILE.csv",
     "write a row for each image, and to FILE_targets.csv one for each target; prints intervals too"},
    {"intervals", CLI_INT, &draws, "N",
     "95 % confidence intervals of all metrics by N bootstrap draws of the images, 0 for none (1000 with --records or "
     "--against)"},
    {"seed", CLI_INT, &seed, "N", "of the draws"},
    {"against", CLI_TEXT, &against, "FILE.h5|NAME",
     "another checkpoint, weights that come with the programs or a method on the same images: differences, their "
     "intervals and p. By the rule score the checkpoint's own threshold counts, with --at-fa its own operating point"},
    {"report", CLI_TEXT, &files.report, "FILE.html",
     "write a page with all figures, the ROC, the worst misses and false alarms, and images with their scores; one "
     "file that needs nothing else"},
    {"out", CLI_TEXT, &files.folder, "DIR",
     "folder for results to look through with browse: scores.h5, and the report as report.html"},
    {"roc", CLI_TEXT, &files.roc, "FILE", "write the ROC curve too: FILE.csv, FILE.png or FILE.svg"},
};

static const cli_program program = {
    .name = "evaluate",
    .summary = "metrics of a detector on a data set: mIoU, nIoU, precision, recall, F1, Pd, Fa, AUC and more",
    .arguments = "--checkpoint FILE.h5 | --weights NAME | --method NAME [model.KEY=VALUE ...] | --predictions DIR "
                 "--data DIR [options]",
    .examples =
        "@evaluate --checkpoint best.h5 --data NUDT-SIRST             # the published protocol\n"
        "@evaluate --weights nudt --data NUDT-SIRST                  # what comes with the programs\n"
        "@evaluate --checkpoint best.h5 --data scenes.h5 --size native --format json\n"
        "@evaluate --checkpoint best.h5 --data IRSTD-1k --rule logit --mask half --roc roc.png\n"
        "@evaluate --checkpoint best.h5 --data NUDT-SIRST --split val --at-fa 1e-6  # then @convert set-threshold\n"
        "@evaluate --checkpoint best.h5 --data NUDT-SIRST --against other.h5 --records images.csv\n"
        "@evaluate --checkpoint best.h5 --data NUDT-SIRST --report report.html    # to look at in a browser\n"
        "@evaluate --checkpoint best.h5 --data NUDT-SIRST --out results           # then @browse results\n"
        "@evaluate --checkpoint calibrated.h5 --precision int8 --against calibrated.h5 --data NUDT-SIRST   # what int8 "
        "changes\n"
        "@evaluate --predictions masks/ --data NUDT-SIRST\n"
        "@evaluate --method pstnn model.preset=community --data NUDT-SIRST\n"
        "mpirun -np 4 @evaluate --checkpoint best.h5 --data NUDT-SIRST   # four processes share the images",
    .options = options,
    .option_count = sizeof options / sizeof *options,
};

/* Everything of one run. */
typedef struct run_state {
    evaluate_options how;
    report_format format;
    report_extent extent;
    double threshold; /* how.how.threshold points here if there is one */
    double rate;      /* of --at-fa */
    engine *e;
    detector *d;
    predictions *p;
    dataset *set;
    score_source source;
    rival other; /* that --against names */
    interval intervals[METRICS];
    comparison comparisons[METRICS];
    detector_tiles tiles;
} run_state;

/* --- options --- */

static status read_numbers(run_state *r) {
    if (draws < 0 && draws != UNSET)
        return status_fail(STATUS_USAGE, "--intervals is %d, expected 0 or more", draws);
    if (draws == UNSET)
        draws = files.records || against ? DEFAULT_DRAWS : 0;
    if (seed < 0)
        return status_fail(STATUS_USAGE, "--seed is %d, expected 0 or more", seed);
    if (against && draws == 0)
        return status_fail(STATUS_USAGE, "--against needs --intervals of at least 1");
    if (threshold && at_fa)
        return status_fail(STATUS_USAGE, "--threshold and --at-fa cannot both be given");
    if (at_fa)
        TRY(argument_number("--at-fa", at_fa, &r->rate));
    if (!threshold)
        return STATUS_OK;
    r->how.how.threshold = &r->threshold;
    return argument_number("--threshold", threshold, &r->threshold);
}

/* What is about a detector means nothing where pictures are scored. */
static status check_predictions(int settings) {
    const char *given = checkpoint || weights ? "--checkpoint or --weights"
                        : method              ? "--method"
                        : against             ? "--against"
                        : raw_weights         ? "--raw-weights"
                        : precision           ? "--precision"
                        : tiles               ? "--tiles"
                        : settings > 0        ? "model.KEY=VALUE"
                                              : NULL;
    return given ? status_fail(STATUS_USAGE, "--predictions stands alone: no %s", given) : STATUS_OK;
}

static status read_options(run_state *r, int settings) {
    int words[6];
    if (!data)
        return status_fail(STATUS_USAGE, "--data is missing");
    if (predicted)
        TRY(check_predictions(settings));
    TRY(argument_weights(weights, method, &checkpoint));
    if (against)
        TRY(rival_find(against, &r->other));
    const char *used = rule ? rule : threshold || at_fa ? "score" : "max";
    int usual = predicted ? 0 : PUBLISHED_SIZE; /* pictures are judged as they were made */
    TRY(size ? argument_size(size, &r->how.sample.size) : weights_read_size(checkpoint, usual, &r->how.sample.size));
    TRY(detector_tiles_read(tiles ? tiles : "auto", "--tiles", &r->tiles));
    TRY(argument_choice("rule", used, score_rule_names, SCORE_RULES, &words[0]));
    TRY(argument_choice("mask", mask, mask_rule_names, 3, &words[1]));
    TRY(argument_choice("protocol", protocol, match_protocol_names, 2, &words[2]));
    TRY(argument_choice("format", format, report_format_names, 3, &words[3]));
    TRY(argument_choice("metrics", shown, report_extent_names, 2, &words[4]));
    TRY(argument_choice("resize", resize, sample_resizing_names, 2, &words[5]));
    r->how.sample.resizing = (sample_resizing)words[5];
    r->how.how.rule = (score_rule)words[0];
    r->how.sample.mask = (mask_rule)words[1];
    r->how.how.protocol = (match_protocol)words[2];
    r->format = (report_format)words[3];
    r->extent = (report_extent)words[4];
    TRY(read_numbers(r));
    return evaluate_outputs_check_names(&files);
}

/* --- what is evaluated --- */

/* All processes of a job see the same; one says so. */
static void say(void *context, const char *remark) {
    const run_state *r = context;
    if (peers_rank(r->how.peers) == 0)
        fprintf(stderr, "evaluate: %s\n", remark);
}

static status open_data(run_state *r) {
    grey_range given;
    TRY(argument_range(range, checkpoint, &given));
    return measured_data_open(&(measured_data){.path = data,
                                               .split = split,
                                               .range = &given,
                                               .checkpoint = checkpoint,
                                               .against = r->other.checkpoint,
                                               .mask = r->how.sample.mask,
                                               .size = r->how.sample.size,
                                               .centred = r->how.sample.resizing == RESIZE_PILLOW,
                                               .words = {.range = "--range ", .mask = "--mask ", .size = "--size"},
                                               .say = say,
                                               .context = r},
                              &r->set);
}

static status say_if_not_averaged(run_state *r) {
    char remark[4200];
    bool averaged;
    snprintf(remark, sizeof remark, "%s has no averaged weights: --raw-weights changes nothing", checkpoint);
    TRY(checkpoint_has_average(checkpoint, &averaged));
    if (!averaged)
        say(r, remark);
    return STATUS_OK;
}

static status open_source(run_state *r, const char *const *settings, int count) {
    if (predicted) {
        TRY(predictions_open(predicted, r->set, r->how.sample.size, &r->p));
        r->source = predictions_source(r->p);
        return STATUS_OK;
    }
    if (raw_weights && !checkpoint)
        return status_fail(STATUS_USAGE, "--raw-weights: a method has no weights; it goes with --checkpoint");
    TRY(argument_detector(r->e, checkpoint, raw_weights ? WEIGHTS_RAW : WEIGHTS_BEST, method, settings, count, &r->d));
    if (raw_weights)
        TRY(say_if_not_averaged(r));
    detector_set_tiles(r->d, &r->tiles);
    char remark[256];
    TRY(argument_precision(precision ? precision : "float", checkpoint, r->d, remark, sizeof remark));
    if (*remark)
        say(r, remark);
    r->source = detector_source(r->d);
    return STATUS_OK;
}

/* --- one evaluation --- */

static evaluation describe(const run_state *r) {
    return (evaluation){.method = r->d ? detector_name(r->d) : predicted,
                        .dataset = dataset_name(r->set),
                        .split = dataset_split(r->set),
                        .params = r->d ? parameter_count_trained(detector_parameters(r->d)) : 0,
                        .options = r->how,
                        .how_sure = {draws, (uint64_t)seed}};
}

static status find_threshold(run_state *r) {
    double reached;
    if (!at_fa)
        return STATUS_OK;
    TRY(operating_point_find(&r->source, r->set, &r->how, r->rate, &r->threshold, &reached));
    r->how.how.threshold = &r->threshold;
    return STATUS_OK;
}

static status compare(run_state *r, evaluation *e) {
    rival *other = &r->other;
    TRY(rival_measure(other, r->set, at_fa ? &r->rate : NULL));
    TRY(bootstrap_compare(records_images(files.kept), records_images(other->kept), records_count(files.kept),
                          &e->how_sure, r->comparisons));
    e->against = r->comparisons;
    e->against_name = against;
    e->against_threshold = scoring_threshold(&other->how.how);
    e->against_remark = metrics_remark(&other->counts);
    return STATUS_OK;
}

/* The first of several failures. */
typedef struct failure {
    status code;
    char message[1024];
} failure;

static void note(failure *first, status code) {
    if (first->code != STATUS_OK || code == STATUS_OK)
        return;
    first->code = code;
    snprintf(first->message, sizeof first->message, "%s", status_message());
}

/* What was measured is printed, whatever becomes of the comparison and the files. */
static status finish(run_state *r, evaluation *e) {
    failure first = {0};
    if (against)
        note(&first, compare(r, e));
    note(&first, evaluate_outputs_write(&files, e));
    note(&first, evaluation_print(e, r->format, r->extent, stdout));
    if (first.code != STATUS_OK)
        return status_fail(first.code, "%s", first.message);
    const char *remark = metrics_remark(&e->counts);
    if (remark)
        say(r, remark);
    if (e->against_remark) {
        char other[4400];
        snprintf(other, sizeof other, "%.4000s: %s", against, e->against_remark);
        say(r, other);
    }
    return STATUS_OK;
}

static status evaluate_one(run_state *r) {
    TRY(find_threshold(r));
    evaluation e = describe(r);
    TRY(evaluate_outputs_begin(&files, &e, r->source.kind, dataset_count(r->set), draws > 0));
    evaluate_options how = r->how;
    how.watcher = evaluate_outputs_watcher(&files);
    TRY(evaluate_source(&r->source, r->set, &how, &e.counts, &e.ms_per_image));
    char remark[256];
    if (at_fa && operating_point_remark(r->rate, e.counts.background_pixels, remark, sizeof remark))
        say(r, remark);
    if (draws > 0) {
        TRY(bootstrap_intervals(records_images(files.kept), records_count(files.kept), &e.how_sure, r->intervals));
        e.intervals = r->intervals;
    }
    return finish(r, &e);
}

/* Of evaluate_one what another process than the first does of it: its share of the images, as often as that asks. */
static status help_with_one(run_state *r) {
    metrics none;
    TRY(find_threshold(r));
    TRY(evaluate_source(&r->source, r->set, &r->how, &none, NULL));
    return against ? rival_measure(&r->other, r->set, at_fa ? &r->rate : NULL) : STATUS_OK;
}

/* Predictions by every rule. */
static status evaluate_all_ways(run_state *r) {
    evaluation like = describe(r);
    return evaluate_ways(&r->source, r->set, &like, r->format, r->extent, say, r);
}

/* A result that depends on the cuts is not given without a word. */
static void say_tiles(run_state *r) {
    char remark[128];
    double count = r->d ? (double)detector_cut_images(r->d) : 0;
    peers_sum(r->how.peers, &count, 1);
    snprintf(remark, sizeof remark, "%.0f image%s cut into tiles of %d, overlap %d (--tiles)", count,
             count == 1 ? " was" : "s were", r->tiles.side, r->tiles.overlap);
    if (count > 0)
        say(r, remark);
}

static status run(run_state *r, const char *const *settings, int count) {
    if (shipped_weights_is_list(weights))
        return peers_rank(r->how.peers) == 0 ? shipped_weights_print(stdout) : STATUS_OK;
    TRY(read_options(r, count));
    TRY(engine_new(0, &r->e));
    TRY(open_data(r));
    TRY(open_source(r, settings, count));
    TRY(evaluate_check(&r->source, &r->how));
    if (against)
        TRY(rival_open(&r->other, r->e, against, range, &r->tiles, &r->how));
    TRY(argument_stored_threshold(checkpoint, &r->how.how, &r->threshold));
    if (peers_rank(r->how.peers) == 0)
        TRY(evaluate_outputs_check(&files, (const char *[]){checkpoint, against, data}, 3));
    bool all_ways = predicted && !rule && !threshold && !at_fa && !files.records && !files.roc && !files.report &&
                    !files.folder && draws == 0;
    TRY(all_ways ? evaluate_all_ways(r) : peers_rank(r->how.peers) == 0 ? evaluate_one(r) : help_with_one(r));
    say_tiles(r);
    return STATUS_OK;
}

int main(int argc, char **argv) {
    cli_action action = CLI_RUN;
    const char **settings;
    int count;
    static run_state r = {.how.label = "evaluate"};
    options[OPTION_METHOD].help = argument_method_help();
    status result = job_open(&r.how.peers);
    if (result == STATUS_OK)
        result = cli_parse(&program, argc, argv, &action, &settings, &count);
    process_begin_signals();
    if (result == STATUS_OK && action == CLI_RUN)
        result = run(&r, settings, count);
    rival_free(&r.other);
    evaluate_outputs_free(&files);
    predictions_free(r.p);
    detector_free(r.d);
    engine_free(r.e);
    dataset_close(r.set);
    bool failed = result != STATUS_OK;
    if (failed)
        job_wait_for_first();
    int code = cli_finish(&program, result);
    job_close(failed, code);
    return code;
}
