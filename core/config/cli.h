/* Command lines of the programs (libpopt): options, --help with examples, --version, one-line errors. In examples and
 * the help of options "@" stands in front of each call of a program, as in "@detect": users may have it as irst-detect.
 *
 * Thread rule: the main thread alone, at the start and at the end. */
#ifndef IRST_CORE_CONFIG_CLI_H
#define IRST_CORE_CONFIG_CLI_H

#include "core/base/status.h"

#include <stdbool.h>

typedef enum cli_type { CLI_FLAG, CLI_TEXT, CLI_INT, CLI_REAL } cli_type;

typedef struct cli_option {
    const char *name; /* long name without dashes */
    cli_type type;
    void *value;          /* bool *, const char **, int *, double *: holds the default, receives the value */
    const char *argument; /* word shown in the help ("DIR"); NULL for a flag */
    const char *help;
} cli_option;

/* An option of a program that does one of several things, by its first argument: it is for these alone. */
typedef struct cli_scope {
    const char *option;
    const char *commands; /* "pack, synthesize" */
} cli_scope;

typedef struct cli_program {
    const char *name;          /* "detect" */
    const char *summary;       /* one line */
    const char *arguments;     /* "INPUT... --out DIR" */
    const char *examples;      /* whole lines, each a command that can be copied, and a comment after "#" */
    const cli_option *options; /* at most 64 */
    int option_count;
    const cli_scope *scopes; /* of options that are not for everything */
    int scope_count;
} cli_program;

/* What a program has to do next. */
typedef enum cli_action { CLI_RUN, CLI_DONE } cli_action;

/* Parses. Prints --help or --version to stdout itself and sets *action to CLI_DONE. Positional arguments, in
 * order, come back as a NULL-terminated array that lives as long as argv: like getopt, it moves them to the
 * front of argv, which must end in NULL. A program without any passes NULL for both, and one is refused. An
 * unknown option, one that is not for the first argument, a missing or bad value is STATUS_USAGE. From now on a limit
 * on file sizes is an error of writing, and no file takes the place of a standard stream that is closed. */
status cli_parse(const cli_program *program, int argc, char **argv, cli_action *action, const char ***positional,
                 int *positional_count);

/* STATUS_OUTPUT if anything printed to stdout so far could not be written. */
status cli_flush_output(void);

/* Prints "NAME: MESSAGE" to stderr if `code` is a failure (with " (see NAME --help)" for STATUS_USAGE) or if what was
 * printed to stdout could not be written, which is a failure too;
 * returns the exit code: that of status_exit_code, or 128 and the number of the signal that interrupted the program. */
int cli_finish(const cli_program *program, status code);

#endif
