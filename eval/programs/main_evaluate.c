/* evaluate: a detector's metrics on a split of a data set. */
#include "core/config/cli.h"
#include "eval/figures/roc_plot.h"
#include "eval/measure/evaluate.h"
#include "eval/measure/evaluation_report.h"
#include "eval/programs/arguments.h"
#include "modules/checkpoint.h"

#include <stdio.h>

static const char *checkpoint, *method, *data, *roc;
static bool raw_weights;
static const char *split = "test", *size = "256", *rule = "max", *mask = "max", *protocol = "overlap", *format = "text";
static const char *shown = "published";
static int extent;

enum { OPTION_METHOD };

static cli_option options[] = {
    [OPTION_METHOD] = {"method", CLI_TEXT, &method, "NAME", NULL}, /* its help is made from the registry */
    {"checkpoint", CLI_TEXT, &checkpoint, "FILE.h5", "trained network, from train or convert, or a PyTorch checkpoint"},
    {"raw-weights", CLI_FLAG, &raw_weights, NULL,
     "of a checkpoint with averaged weights (train.average) those of the last step instead"},
    {"data", CLI_TEXT, &data, "DIR|PACK.h5", "data set: a folder, or a file made by 'prepare pack'"},
    {"split", CLI_TEXT, &split, "NAME", "which part of it"},
    {"size", CLI_TEXT, &size, "N|native",
     "resize images (bilinear) and masks (nearest) to N x N, as the published tables do; native: as they are"},
    {"rule", CLI_TEXT, &rule, "max|logit|score|minmax|sigma", SCORE_RULE_HELP},
    {"mask", CLI_TEXT, &mask, "max|half|any",
     "which mask pixels are target: those equal to the mask's maximum, above 127, above 0"},
    {"protocol", CLI_TEXT, &protocol, "overlap|centroid",
     "overlap: one predicted pixel in a target finds it, Fa over background pixels; centroid: centroids nearer "
     "than 3 pixels, Fa over all pixels"},
    {"format", CLI_TEXT, &format, "text|csv|json", "csv and json hold fractions, text percent and Fa in 1e-5"},
    {"metrics", CLI_TEXT, &shown, "published|all", "which metrics the text shows; csv and json have all"},
    {"roc", CLI_TEXT, &roc, "FILE", "write the ROC curve too: FILE.csv, FILE.png or FILE.svg"},
};

static const cli_program program = {
    .name = "evaluate",
    .summary = "metrics of a detector on a data set: mIoU, nIoU, precision, recall, F1, Pd, Fa, AUC",
    .arguments = "--checkpoint FILE.h5 | --method NAME [model.KEY=VALUE ...] --data DIR [options]",
    .examples = "evaluate --checkpoint best.h5 --data NUDT-SIRST             # the published protocol\n"
                "evaluate --checkpoint best.h5 --data scenes.h5 --size native --format json\n"
                "evaluate --checkpoint best.h5 --data IRSTD-1k --rule logit --mask half --roc roc.png\n"
                "evaluate --method pstnn model.preset=community --data NUDT-SIRST",
    .options = options,
    .option_count = sizeof options / sizeof *options,
};

static status read_options(evaluate_options *out, int *report) {
    int r, m, p;
    if (!data)
        return status_fail(STATUS_USAGE, "--data is missing");
    TRY(argument_size(size, &out->sample.size));
    TRY(argument_choice("rule", rule, score_rule_names, SCORE_RULES, &r));
    TRY(argument_choice("mask", mask, mask_rule_names, 3, &m));
    TRY(argument_choice("protocol", protocol, match_protocol_names, 2, &p));
    TRY(argument_choice("format", format, report_format_names, 3, report));
    TRY(argument_choice("metrics", shown, report_extent_names, 2, &extent));
    if (roc)
        TRY(roc_plot_check_path(roc));
    out->how.rule = (score_rule)r;
    out->sample.mask = (mask_rule)m;
    out->how.protocol = (match_protocol)p;
    return STATUS_OK;
}

static status write_roc(const evaluation *e) {
    char set[300];
    snprintf(set, sizeof set, "%.120s %.60s", e->dataset, e->split);
    return roc_plot_write_one(e->method, set, &e->counts, roc);
}

static status evaluate(detector *d, const dataset *set, evaluate_options *how, report_format report) {
    evaluation e = {.method = detector_name(d),
                    .dataset = dataset_name(set),
                    .split = dataset_split(set),
                    .params = parameter_count_trained(detector_parameters(d)),
                    .options = *how};
    TRY(evaluate_dataset(d, set, how, &e.counts, &e.ms_per_image));
    if (roc)
        TRY(write_roc(&e));
    return evaluation_print(&e, report, (report_extent)extent, stdout);
}

static status open_detector(engine *e, const char *const *settings, int count, detector **out) {
    TRY(argument_detector(e, checkpoint, method, settings, count, out));
    if (!raw_weights)
        return STATUS_OK;
    detector_free(*out);
    *out = NULL;
    return checkpoint ? checkpoint_load_weights(e, checkpoint, WEIGHTS_RAW, out)
                      : status_fail(STATUS_USAGE, "--raw-weights: a method has no weights; it goes with --checkpoint");
}

static status run(const char *const *settings, int count) {
    evaluate_options how = {.label = "evaluate"};
    int report;
    TRY(read_options(&how, &report));
    engine *e = NULL;
    detector *d = NULL;
    dataset *set = NULL;
    status result = engine_new(0, &e);
    if (result == STATUS_OK)
        result = open_detector(e, settings, count, &d);
    if (result == STATUS_OK)
        result = dataset_open(data, split, &set);
    if (result == STATUS_OK)
        result = evaluate(d, set, &how, (report_format)report);
    dataset_close(set);
    detector_free(d);
    engine_free(e);
    return result;
}

int main(int argc, char **argv) {
    cli_action action = CLI_RUN;
    const char **settings;
    int count;
    options[OPTION_METHOD].help = argument_method_help();
    status result = cli_parse(&program, argc, argv, &action, &settings, &count);
    if (result == STATUS_OK && action == CLI_RUN)
        result = run(settings, count);
    return cli_finish(&program, result);
}
