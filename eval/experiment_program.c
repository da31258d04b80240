#include "eval/experiment_program.h"

#include "core/cli.h"

#include <stdio.h>

static const char *folder;
static bool help_config;

static status run(const experiment_program *program, const char *const *arguments, int count) {
    char preset[256];
    if (count < 1)
        return status_fail(STATUS_USAGE, "no configuration is given: CONFIG.ini");
    snprintf(preset, sizeof preset, "runs/%s", program->name);
    experiment *e;
    TRY(experiment_read(arguments[0], arguments + 1, count - 1, program->keys, *program->key_count, &e));
    status result = program->write(e, folder ? folder : preset);
    experiment_free(e);
    return result;
}

int experiment_main(const experiment_program *program, int argc, char **argv) {
    const cli_option options[] = {
        {"out", CLI_TEXT, &folder, "DIR", "folder for the results (default: runs/ and the program's name)"},
        {"help-config", CLI_FLAG, &help_config, NULL, "print every key of the ini and exit"},
    };
    const cli_program cli = {.name = program->name,
                             .summary = program->summary,
                             .arguments = "CONFIG.ini [section.key=value ...] [--out DIR]",
                             .examples = program->examples,
                             .options = options,
                             .option_count = sizeof options / sizeof *options};
    cli_action action = CLI_RUN;
    const char **arguments;
    int count;
    status result = cli_parse(&cli, argc, argv, &action, &arguments, &count);
    if (result == STATUS_OK && action == CLI_RUN)
        result = help_config ? experiment_print_help(program->keys, *program->key_count, stdout)
                             : run(program, arguments, count);
    return cli_finish(&cli, result);
}
