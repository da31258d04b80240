#include "eval/experiments/experiment_program.h"

#include "core/base/process.h"
#include "core/config/cli.h"
#include "eval/experiments/sweep.h"

#include <signal.h>
#include <stdio.h>

static const char *out_folder;
static bool help_config;
static int jobs = 1;

static const cli_option options[] = {
    {"out", CLI_TEXT, &out_folder, "DIR", "run folder (default: runs/ and the name of the ini)"},
    {"help-config", CLI_FLAG, &help_config, NULL, "show the configuration keys and exit"},
    {"jobs", CLI_INT, &jobs, "N", "trainings at a time, each with its share of the processors"}, /* if it trains */
};

enum { OPTIONS = sizeof options / sizeof *options };

static status train_and_write(const experiment_program *program, const experiment *e, const char *folder) {
    TRY(program->check(e));
    TRY(folder_create(folder));
    if (program->training == TRAINS_WHAT_IS_MISSING)
        TRY(sweep_train(e, folder, jobs));
    return program->write(e, folder);
}

static status run(const experiment_program *program, const cli_program *cli, int argc, char **argv) {
    cli_action action;
    const char **arguments;
    char folder[4096];
    int count;
    TRY(cli_parse(cli, argc, argv, &action, &arguments, &count));
    if (action == CLI_DONE)
        return STATUS_OK;
    if (help_config)
        return experiment_print_help(program->keys, *program->key_count, stdout);
    if (count < 1)
        return status_fail(STATUS_USAGE, "expected a configuration file");
    if (jobs < 1 || jobs > PROCESS_MOST)
        return status_fail(STATUS_USAGE, "--jobs is %d, expected 1 to %d", jobs, PROCESS_MOST);
    TRY(out_folder ? path_join(folder, "", out_folder, "") : experiment_default_folder(arguments[0], folder));
    experiment *e;
    TRY(experiment_read(arguments[0], arguments + 1, count - 1, program->keys, *program->key_count, &e));
    status result = train_and_write(program, e, folder);
    experiment_free(e);
    return result;
}

int experiment_main(const experiment_program *program, int argc, char **argv) {
    const cli_program cli = {.name = program->name,
                             .summary = program->summary,
                             .arguments = "CONFIG.ini [section.key=value ...] [options]",
                             .examples = program->examples,
                             .options = options,
                             .option_count = program->training == TRAINS_NOTHING ? OPTIONS - 1 : OPTIONS};
    int code = cli_finish(&cli, run(program, &cli, argc, argv));
    return process_signal() == SIGTERM ? 143 : code;
}

status program_checkpoint(const experiment *e, const char *folder, int method, int data, char out[4096]) {
    const char *given = experiment_checkpoint(e, method, data);
    bool finished;
    *out = '\0';
    if (given)
        return path_join(out, "", given, "");
    if (!sweep_trains(e, method, data))
        return STATUS_OK;
    TRY(sweep_checkpoint(e, folder, method, data, e->seeds[0], out, &finished));
    if (finished)
        return STATUS_OK;
    return status_fail(STATUS_INPUT, "%s is not trained on %s: give checkpoint.%s or run it again",
                       e->methods[method].name, e->data[data].name, e->methods[method].name);
}

status program_detector(const experiment *e, const char *folder, int method, int data, detector **out) {
    char checkpoint[4096];
    TRY(program_checkpoint(e, folder, method, data, checkpoint));
    return experiment_detector(e, method, *checkpoint ? checkpoint : NULL, out);
}
