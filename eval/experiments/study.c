#include "eval/experiments/study.h"

#include "core/base/process.h"
#include "core/config/cli.h"
#include "core/io/file_io.h"
#include "eval/experiments/study_private.h"
#include "eval/experiments/sweep.h"
#include "eval/measure/evaluation_report.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static const char *out_folder, *emit;
static int jobs = 1;
static bool tabulate, help_config;

static const cli_option options[] = {
    {"out", CLI_TEXT, &out_folder, "DIR", "run folder (default: runs/ and the name of the ini)"},
    {"jobs", CLI_INT, &jobs, "N", "trainings at a time, each with its share of the processors"},
    {"emit", CLI_TEXT, &emit, "slurm", "write the trainings as a job array of that batch system instead"},
    {"tabulate", CLI_FLAG, &tabulate, NULL, "train and evaluate nothing: the tables of what is there"},
    {"help-config", CLI_FLAG, &help_config, NULL, "show the configuration keys and exit"},
};

static const config_key keys[] = {
    {"table.published", CONFIG_TEXT, "configs/published.ini", 0, 0, NULL, "", "the published figures"},
};

enum { KEYS = sizeof keys / sizeof *keys };

/* --- the steps --- */

static status print_document(const study *s) {
    char path[4096], line[4096];
    TRY(path_join(path, s->folder, s->program->published, ".md"));
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        fputs(line, stdout);
    if (file)
        fclose(file);
    printf("\nalso in %s, with .csv and .tex beside it\n", path);
    return STATUS_OK;
}

static status report(study *s) {
    TRY(study_make_table(s));
    TRY(table_write(&s->t, s->folder, s->program->published));
    if (s->program->draw)
        TRY(s->program->draw(s));
    return print_document(s);
}

static status evaluate_and_report(study *s, const published *p) {
    results *r;
    TRY(results_evaluate(s->e, s->folder, tabulate, &r));
    s->r = r;
    s->p = p;
    status result = report(s);
    table_free(&s->t);
    results_free(r);
    return result;
}

/* What could be trained is evaluated even if another training failed; then that is the outcome. */
static status run_study(study *s, const published *p) {
    char message[1024];
    TRY(folder_create(s->folder));
    if (emit)
        return sweep_emit_slurm(s->e, s->folder, jobs);
    status trained = tabulate ? STATUS_OK : sweep_train(s->e, s->folder, jobs);
    if (trained == STATUS_INTERRUPTED || trained == STATUS_USAGE)
        return trained;
    snprintf(message, sizeof message, "%s", status_message());
    TRY(evaluate_and_report(s, p));
    return trained == STATUS_OK ? trained : status_fail(trained, "%s", message);
}

static status read_and_run(const study_program *program, const char *ini, const char *const *overrides, int count) {
    char folder[4096];
    experiment *e;
    published *p = NULL;
    TRY(out_folder ? path_join(folder, "", out_folder, "") : experiment_default_folder(ini, folder));
    TRY(experiment_read(ini, overrides, count, keys, KEYS, &e));
    study s = {.program = program, .e = e, .folder = folder};
    status result = published_read(config_text(e->c, "table.published"), &p);
    if (result == STATUS_OK)
        result = run_study(&s, p);
    published_free(p);
    experiment_free(e);
    return result;
}

/* --- the command line --- */

static status run(const study_program *program, const cli_program *cli, int argc, char **argv) {
    cli_action action;
    const char **arguments;
    int count;
    TRY(cli_parse(cli, argc, argv, &action, &arguments, &count));
    if (action == CLI_DONE)
        return STATUS_OK;
    if (help_config)
        return experiment_print_help(keys, KEYS, stdout);
    if (count < 1)
        return status_fail(STATUS_USAGE, "expected a configuration file");
    if (jobs < 1 || jobs > PROCESS_MOST)
        return status_fail(STATUS_USAGE, "--jobs is %d, expected 1 to %d", jobs, PROCESS_MOST);
    if (emit && strcmp(emit, "slurm") != 0)
        return status_fail(STATUS_USAGE, "--emit is '%s', expected slurm", emit);
    return read_and_run(program, arguments[0], (const char *const *)arguments + 1, count - 1);
}

int study_main(const study_program *program, int argc, char **argv) {
    const cli_program cli = {.name = program->name,
                             .summary = program->summary,
                             .arguments = "CONFIG.ini [section.key=value ...]",
                             .examples = program->examples,
                             .options = options,
                             .option_count = sizeof options / sizeof *options};
    int code = cli_finish(&cli, run(program, &cli, argc, argv));
    return process_signal() == SIGTERM ? 143 : code;
}
