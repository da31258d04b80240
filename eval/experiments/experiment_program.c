#include "eval/experiments/experiment_program.h"

#include "core/base/process.h"
#include "core/config/cli.h"
#include "core/io/file_io.h"
#include "eval/experiments/experiment_page.h"
#include "eval/experiments/experiment_private.h"
#include "eval/experiments/option_curves.h"
#include "eval/experiments/report.h"
#include "eval/experiments/sweep.h"
#include "modules/torch/weights_notes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *out_folder, *emit;
static bool help_config, tabulate;
static int jobs = 1;

/* The last three are for experiments that train, the last one for those of them that make tables. */
static const cli_option options[] = {
    {"out", CLI_TEXT, &out_folder, "DIR", "run folder (default: runs/ and the name of the ini)"},
    {"help-config", CLI_FLAG, &help_config, NULL, "show the configuration keys and exit"},
    {"jobs", CLI_INT, &jobs, "N", "trainings at a time, each with its share of the processors"},
    {"emit", CLI_TEXT, &emit, "slurm", "write the trainings as a job array of that batch system instead"},
    {"tabulate", CLI_FLAG, &tabulate, NULL, "train and evaluate nothing: the tables of what is there"},
};

enum { OPTIONS = sizeof options / sizeof *options, TRAINING_OPTIONS = 3 };

static const config_key published_key = {"table.published",      CONFIG_TEXT, "configs/published.ini", 0, 0, NULL, "",
                                         "the published figures"};

/* --- the steps --- */

static status measure_and_report(const experiment_kind *kind, const experiment *e, const published *p,
                                 const char *folder) {
    grid *g;
    TRY(grid_new(kind, e, folder, tabulate, &g));
    status result = grid_fill(g);
    if (result == STATUS_OK)
        result = report_write(g, p);
    grid_free(g);
    return result;
}

static status write_with_page(const experiment_kind *kind, const experiment *e, const char *folder) {
    html_page *page;
    TRY(experiment_page_new(kind, e, &page));
    status result = kind->write(e, folder, page);
    html_page_free(page);
    return result;
}

/* Nothing is trained, for hours, that cannot be evaluated and tabulated then. */
static status check_first(const experiment_kind *kind, const experiment *e) {
    char label[64];
    if (kind->check)
        TRY(kind->check(e));
    for (int m = 0; m < e->method_count && kind->varied; m++)
        TRY(option_label(kind->varied, &e->methods[m], label));
    if (!kind->measures_anew) /* what is timed only is not scored */
        TRY(experiment_check_rule(e));
    return experiment_try_checkpoints(e);
}

static void say_idle_resizing(const experiment_kind *kind, const experiment *e) {
    const sample_options *o = &e->evaluate.sample;
    if (!kind->measures_anew && o->size == 0 && o->resizing == RESIZE_PILLOW)
        fprintf(stderr, "evaluate.resize = pillow changes nothing: images and masks stay at their own size "
                        "(evaluate.size = 0)\n");
}

/* What could be trained is measured even if another training failed; then that is the outcome. */
static status work(const experiment_kind *kind, const experiment *e, const published *p, const char *folder) {
    char message[1024];
    TRY(check_first(kind, e));
    TRY(folder_create(folder));
    say_idle_resizing(kind, e);
    if (emit)
        return sweep_emit_slurm(e, folder, jobs);
    status trained = kind->trains && !tabulate ? sweep_train(e, folder, jobs) : STATUS_OK;
    if (trained == STATUS_INTERRUPTED || trained == STATUS_USAGE)
        return trained;
    snprintf(message, sizeof message, "%s", status_message());
    if (kind->trains)
        TRY(sweep_say_changed(e, folder));
    TRY(kind->write ? write_with_page(kind, e, folder) : measure_and_report(kind, e, p, folder));
    return trained == STATUS_OK ? trained : status_fail(trained, "%s", message);
}

/* The keys of an experiment that are not common to all. */
static status own_keys(const experiment_kind *kind, config_key **keys, int *count) {
    int given = kind->key_count ? *kind->key_count : 0;
    *keys = malloc(((size_t)given + 1) * sizeof **keys);
    if (!*keys)
        return status_fail(STATUS_MEMORY, "out of memory for an experiment");
    if (given)
        memcpy(*keys, kind->keys, (size_t)given * sizeof **keys);
    if (kind->is_published)
        (*keys)[given] = published_key;
    *count = given + kind->is_published;
    return STATUS_OK;
}

/* Another method's figures are asked for by name: one that has none is misspelt. `p` is NULL where none are shown. */
static status check_published(const experiment_kind *kind, const experiment *e, const published *p) {
    for (int m = 0; m < e->method_count; m++) {
        const experiment_method *method = &e->methods[m];
        bool found = strcmp(method->published, method->name) == 0;
        for (int d = 0; p && d < e->data_count && !found; d++)
            found = !isnan(
                published_value(p, kind->file, experiment_pair(method->published, e->data[d].published).text, 0));
        if (!found)
            return status_fail(STATUS_USAGE, "published_method.%s = %s: nothing is published of it on these data sets",
                               method->name, method->published);
    }
    return STATUS_OK;
}

static status read_and_work(const experiment_kind *kind, const char **arguments, int count, const config_key *keys,
                            int key_count) {
    char folder[4096];
    experiment *e;
    published *p = NULL;
    TRY(out_folder ? path_join(folder, "", out_folder, "") : config_run_folder(arguments[0], folder));
    TRY(experiment_read(arguments[0], arguments + 1, count - 1, keys, key_count, &e));
    status result = kind->is_published ? published_read(config_text(e->c, published_key.name), &p) : STATUS_OK;
    if (result == STATUS_OK)
        result = check_published(kind, e, p);
    if (result == STATUS_OK)
        result = work(kind, e, p, folder);
    published_free(p);
    experiment_free(e);
    return result;
}

/* --- the command line --- */

static status run(const experiment_kind *kind, const cli_program *cli, int argc, char **argv) {
    cli_action action;
    const char **arguments;
    int count, key_count = 0;
    config_key *keys;
    TRY(cli_parse(cli, argc, argv, &action, &arguments, &count));
    if (action == CLI_DONE)
        return STATUS_OK;
    if (count < 1 && !help_config)
        return status_fail(STATUS_USAGE, "expected a configuration file");
    if (jobs < 1 || jobs > PROCESS_MOST)
        return status_fail(STATUS_USAGE, "--jobs is %d, expected 1 to %d", jobs, PROCESS_MOST);
    if (emit && strcmp(emit, "slurm") != 0)
        return status_fail(STATUS_USAGE, "--emit is '%s', expected slurm", emit);
    if (emit && tabulate)
        return status_fail(STATUS_USAGE, "--emit and --tabulate cannot both be given");
    TRY(own_keys(kind, &keys, &key_count));
    status result = help_config ? experiment_print_help(keys, key_count, stdout)
                                : read_and_work(kind, arguments, count, keys, key_count);
    free(keys);
    return result;
}

int experiment_main(const experiment_kind *kind, int argc, char **argv) {
    const cli_program cli = {.name = kind->name,
                             .summary = kind->summary,
                             .arguments = "CONFIG.ini [section.key=value ...] [options]",
                             .examples = kind->examples,
                             .options = options,
                             .option_count = !kind->trains ? OPTIONS - TRAINING_OPTIONS
                                             : kind->write ? OPTIONS - 1
                                                           : OPTIONS};
    process_begin_signals();
    return cli_finish(&cli, run(kind, &cli, argc, argv));
}

status program_detector(const experiment *e, const char *folder, int method, int data, judged_detector *out) {
    char checkpoint[4096];
    bool found;
    *out = (judged_detector){.range = {.kind = RANGE_FULL}};
    TRY(grid_checkpoint(e, folder, method, data, 0, checkpoint, &found));
    if (!found)
        return status_fail(STATUS_INPUT, "%s is not trained on %s: give checkpoint.%s or run it again",
                           e->methods[method].name, e->data[data].name, e->methods[method].name);
    if (*checkpoint)
        TRY(weights_read_range(checkpoint, &out->range));
    TRY(grid_scoring(e, folder, &(grid_place){.method = method, .data = data}, &out->how, &out->threshold));
    return experiment_detector(e, method, *checkpoint ? checkpoint : NULL, WEIGHTS_MUST_BE_TRAINED, &out->d);
}
