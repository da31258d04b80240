/* The options of evaluate and what is read from them. */
#include "eval/programs/evaluate_arguments.h"

#include "eval/programs/arguments.h"
#include "eval/programs/evaluate_against.h"
#include "eval/programs/shipped_weights.h"
#include "modules/torch/weights_notes.h"

#include <limits.h>

enum { DEFAULT_DRAWS = 1000, DEFAULT_SEED = 1, UNSET = INT_MIN };

/* As given. */
static evaluate_arguments given = {.split = "test"};
static const char *rule, *threshold, *at_fa, *size, *tiles;
static const char *mask = "max", *protocol = "overlap", *format = "text", *shown = "published", *resize;
static int draws = UNSET, seed = DEFAULT_SEED;

enum { OPTION_METHOD };

static cli_option options[] = {
    [OPTION_METHOD] = {"method", CLI_TEXT, &given.method, "NAME", NULL}, /* its help is made from the registry */
    {"checkpoint", CLI_TEXT, &given.checkpoint, "FILE.h5",
     "trained network, from train or convert, or a PyTorch checkpoint; the latter takes model.KEY=VALUE for what its "
     "tensors do not tell"},
    {"weights", CLI_TEXT, &given.weights, shipped_weights_words, SHIPPED_WEIGHTS_HELP},
    {"raw-weights", CLI_FLAG, &given.raw_weights, NULL,
     "of a checkpoint with averaged weights (train.average) those of the last step instead"},
    {"predictions", CLI_TEXT, &given.predicted, "DIR",
     "score the pictures DIR/NAME.png that another program made instead: masks, or grey scores whose full scale is 1. "
     "Without --rule, --threshold and --at-fa they are scored by every rule and both protocols, unless --intervals, "
     "--records, --report, --out or --roc ask about one way: then by max, and as --protocol says"},
    {"data", CLI_TEXT, &given.data, "DIR|PACK.h5", "data set: a folder, or a file made by '@prepare pack'"},
    {"split", CLI_TEXT, &given.split, "NAME", "which part of it"},
    {"size", CLI_TEXT, &size, "N|native",
     "resize images (bilinear) and masks (nearest) to N x N; native: leave them as they are. Without it: as the "
     "checkpoint was trained, else 256, as in the published tables; with --predictions native"},
    {"resize", CLI_TEXT, &resize, "opencv|pillow",
     "whose bilinear and nearest: OpenCV's, as in the programs of RPCANet, or Pillow's, as in those of MSHNet and "
     "DNANet"},
    {"range", CLI_TEXT, &given.range, "RANGE", ARGUMENT_RANGE_HELP},
    {"tiles", CLI_TEXT, &tiles, "auto|off|SIDE,OVERLAP", ARGUMENT_TILES_HELP},
    {"precision", CLI_TEXT, &given.precision, "float|int8",
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
    {"records", CLI_TEXT, &given.files.records, "FILE.csv",
     "write a row for each image, and to FILE_targets.csv one for each target; prints intervals too"},
    {"intervals", CLI_INT, &draws, "N",
     "95 % confidence intervals of all metrics by N bootstrap draws of the images, 0 for none (1000 with --records or "
     "--against)"},
    {"seed", CLI_INT, &seed, "N", "of the draws"},
    {"against", CLI_TEXT, &given.against, "FILE.h5|NAME",
     "another checkpoint, weights that come with the programs or a method on the same images: differences, their "
     "intervals and p. By the rule score the checkpoint's own threshold counts, with --at-fa its own operating point"},
    {"report", CLI_TEXT, &given.files.report, "FILE.html",
     "write a page with all figures, the ROC, the worst misses and false alarms, and images with their scores; one "
     "file that needs nothing else"},
    {"out", CLI_TEXT, &given.files.folder, "DIR",
     "folder for results to look through with browse: scores.h5, and the report as report.html"},
    {"roc", CLI_TEXT, &given.files.roc, "FILE", "write the ROC curve too: FILE.csv, FILE.png or FILE.svg"},
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
        "@evaluate --checkpoint best.h5 --data mine --split val --at-fa 1e-6        # then @convert set-threshold\n"
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

/* --- reading --- */

static status read_draws(evaluate_arguments *a) {
    if (draws < 0 && draws != UNSET)
        return status_fail(STATUS_USAGE, "--intervals is %d, expected 0 or more", draws);
    if (seed < 0)
        return status_fail(STATUS_USAGE, "--seed is %d, expected 0 or more", seed);
    a->how_sure.draws = draws != UNSET ? draws : a->files.records || a->against ? DEFAULT_DRAWS : 0;
    a->how_sure.seed = (uint64_t)seed;
    if (seed != DEFAULT_SEED && a->how_sure.draws == 0)
        return status_fail(STATUS_USAGE,
                           "--seed is of the draws of --intervals, --records or --against, and there are none");
    if (a->against && a->how_sure.draws == 0)
        return status_fail(STATUS_USAGE, "--against needs --intervals of at least 1");
    return STATUS_OK;
}

static status read_threshold(evaluate_arguments *a) {
    a->has_threshold = threshold != NULL;
    a->has_rate = at_fa != NULL;
    if (threshold && at_fa)
        return status_fail(STATUS_USAGE, "--threshold and --at-fa cannot both be given");
    if (at_fa)
        TRY(argument_number("--at-fa", at_fa, &a->rate));
    return threshold ? argument_number("--threshold", threshold, &a->threshold) : STATUS_OK;
}

/* What is about a detector means nothing where pictures are scored. */
static status check_predictions(const evaluate_arguments *a, int settings) {
    const char *refused = a->checkpoint || a->weights ? "--checkpoint or --weights"
                          : a->method                 ? "--method"
                          : a->against                ? "--against"
                          : a->raw_weights            ? "--raw-weights"
                          : a->precision              ? "--precision"
                          : tiles                     ? "--tiles"
                          : settings > 0              ? "model.KEY=VALUE"
                                                      : NULL;
    return refused ? status_fail(STATUS_USAGE, "--predictions stands alone: no %s", refused) : STATUS_OK;
}

static status read_words(evaluate_arguments *a) {
    int words[6];
    const char *used = rule ? rule : threshold || at_fa ? "score" : "max";
    TRY(argument_choice("rule", used, score_rule_names, SCORE_RULES, &words[0]));
    TRY(argument_choice("mask", mask, mask_rule_names, 3, &words[1]));
    TRY(argument_choice("protocol", protocol, match_protocol_names, 2, &words[2]));
    TRY(argument_choice("format", format, report_format_names, 3, &words[3]));
    TRY(argument_choice("metrics", shown, report_extent_names, 2, &words[4]));
    TRY(argument_choice("resize", resize ? resize : "opencv", sample_resizing_names, 2, &words[5]));
    a->scoring.rule = (score_rule)words[0];
    a->sample.mask = (mask_rule)words[1];
    a->scoring.protocol = (match_protocol)words[2];
    a->format = (report_format)words[3];
    a->extent = (report_extent)words[4];
    a->sample.resizing = (sample_resizing)words[5];
    return STATUS_OK;
}

/* Whether nothing asks about one way to score them. */
static bool asks_no_way(const evaluate_arguments *a) {
    const evaluate_outputs *f = &a->files;
    return !rule && !threshold && !at_fa && !f->records && !f->roc && !f->report && !f->folder &&
           a->how_sure.draws == 0;
}

const cli_program *evaluate_program(void) {
    options[OPTION_METHOD].help = argument_method_help();
    return &program;
}

status evaluate_arguments_read(int settings, evaluate_arguments *out) {
    *out = given;
    out->lists_weights = shipped_weights_is_list(given.weights);
    if (out->lists_weights)
        return STATUS_OK;
    if (!out->data)
        return status_fail(STATUS_USAGE, "--data is missing");
    if (out->predicted)
        TRY(check_predictions(out, settings));
    TRY(argument_weights(out->weights, out->method, &out->checkpoint));
    if (out->raw_weights && out->method)
        return status_fail(STATUS_USAGE, "--raw-weights: a method has no weights; it goes with --checkpoint");
    int usual = out->predicted ? 0 : PUBLISHED_SIZE; /* pictures are judged as they were made */
    TRY(size ? argument_size(size, &out->sample.size) : weights_read_size(out->checkpoint, usual, &out->sample.size));
    TRY(detector_tiles_read(tiles ? tiles : "auto", "--tiles", &out->tiles));
    TRY(read_words(out));
    out->resizes_nothing = resize && out->sample.size == 0;
    TRY(read_draws(out));
    TRY(read_threshold(out));
    out->all_ways = out->predicted && asks_no_way(out);
    return evaluate_outputs_check_names(&out->files);
}
