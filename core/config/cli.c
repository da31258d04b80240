#include "core/config/cli.h"

#include "core/base/process.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <popt.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HELP_WIDTH 100

/* What poptGetNextOpt returns: an option's index + 1, or one of these. */
enum { OPTION_HELP = INT_MAX, OPTION_VERSION = INT_MAX - 1 };

/* --- --help and --version --- */

/* Prints `text` with lines of HELP_WIDTH columns, the first starting at column `indent`, the others moved
 * there. */
static void print_wrapped(const char *text, int indent) {
    int column = indent;
    while (*text) {
        int word = (int)strcspn(text, " ");
        if (column > indent && column + 1 + word > HELP_WIDTH) {
            printf("\n%*s", indent, "");
            column = indent;
        } else if (column > indent) {
            putchar(' ');
            column++;
        }
        printf("%.*s", word, text);
        column += word;
        text += word;
        text += strspn(text, " ");
    }
    putchar('\n');
}

static void default_text(const cli_option *option, char *out, size_t size) {
    *out = '\0';
    switch (option->type) {
    case CLI_FLAG:
        break;
    case CLI_TEXT: {
        const char *text = *(const char **)option->value;
        if (text && *text)
            snprintf(out, size, " (default: %s)", text);
        break;
    }
    case CLI_INT:
        if (*(int *)option->value >= 0) /* negative: the help says what holds then */
            snprintf(out, size, " (default: %d)", *(int *)option->value);
        break;
    case CLI_REAL:
        if (!isnan(*(double *)option->value)) /* NaN: no value is a default too */
            snprintf(out, size, " (default: %g)", *(double *)option->value);
        break;
    }
}

/* Copies a text in which "@" stands in front of what a user types to call a program: there the name is the one that the
 * programs have where they are installed. */
static void write_calls(const char *text, size_t length, char *out, size_t size) {
    const char *prefix = process_prefix();
    size_t used = 0;
    for (size_t i = 0; i < length && used + 1 < size; i++) {
        if (text[i] == '@')
            used += (size_t)snprintf(out + used, size - used, "%s", prefix);
        else
            out[used++] = text[i];
    }
    out[used < size ? used : size - 1] = '\0';
}

static void print_option(const char *name, const char *argument, const char *help, int width) {
    int used = printf("  --%s%s%s", name, argument ? " " : "", argument ? argument : "");
    char named[1280];
    write_calls(help, strlen(help), named, sizeof named);
    printf("%*s", width - used, "");
    print_wrapped(named, width);
}

static void print_help(const cli_program *program) {
    int width = (int)strlen("  --version  ");
    for (int i = 0; i < program->option_count; i++) {
        const cli_option *option = &program->options[i];
        int needed = (int)strlen("  -- ") + (int)strlen(option->name) + 2 +
                     (option->argument ? (int)strlen(option->argument) : 0);
        width = needed > width ? needed : width;
    }
    const char *prefix = process_prefix();
    printf("%s%s: %s\n\nusage: %s%s %s\n\noptions:\n", prefix, program->name, program->summary, prefix, program->name,
           program->arguments);
    for (int i = 0; i < program->option_count; i++) {
        const cli_option *option = &program->options[i];
        char help[1024], preset[256];
        default_text(option, preset, sizeof preset);
        snprintf(help, sizeof help, "%.700s%s", option->help, preset);
        print_option(option->name, option->argument, help, width);
    }
    print_option("help", NULL, "print this and exit", width);
    print_option("version", NULL, "print the version and exit", width);
    printf("\nexamples:\n");
    for (const char *line = program->examples; *line;) {
        size_t length = strcspn(line, "\n");
        char named[512];
        write_calls(line, length, named, sizeof named);
        printf("  %s\n", named);
        line += length + (line[length] == '\n');
    }
}

static void print_version(const cli_program *program) {
#ifdef __clang__
    const char *compiler = __VERSION__; /* names the compiler itself */
#else
    const char *compiler = "gcc " __VERSION__;
#endif
    printf("irst %s %s\nbuilt with %s\n", program->name, IRST_VERSION, compiler);
}

status cli_flush_output(void) {
    errno = 0;
    if (fflush(stdout) == 0 && !ferror(stdout))
        return STATUS_OK;
    return status_fail(STATUS_OUTPUT, "standard output cannot be written: %s",
                       errno ? strerror(errno) : "an earlier write failed");
}

/* A descriptor that is closed would be given to the next file, and what is printed would go there. In its place stands
 * one that cannot be written. */
static void occupy_standard_descriptors(void) {
    for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++)
        if (fcntl(i, F_GETFD) < 0 && open("/dev/null", O_RDONLY) < 0)
            return;
}

/* --- values --- */

/* The same text inside argv, whole or after "--name=": it lives longer than popt's copy. */
static const char *in_argv(int argc, char **argv, const char *text) {
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], text) == 0)
            return argv[i];
        const char *equals = strncmp(argv[i], "--", 2) == 0 ? strchr(argv[i], '=') : NULL;
        if (equals && strcmp(equals + 1, text) == 0)
            return equals + 1;
    }
    return NULL;
}

static status set_value(const cli_option *option, const char *text) {
    char *end;
    errno = 0;
    if (option->type == CLI_TEXT) {
        *(const char **)option->value = text;
    } else if (option->type == CLI_INT) {
        long number = strtol(text, &end, 10);
        if (end == text || *end || errno || number < INT_MIN || number > INT_MAX)
            return status_fail(STATUS_USAGE, "--%s %.100s: expected an integer", option->name, text);
        *(int *)option->value = (int)number;
    } else {
        double number = strtod(text, &end);
        if (end == text || *end || !isfinite(number))
            return status_fail(STATUS_USAGE, "--%s %.100s: expected a number", option->name, text);
        *(double *)option->value = number;
    }
    return STATUS_OK;
}

static status take_option(const cli_option *option, poptContext context, int argc, char **argv) {
    if (option->type == CLI_FLAG) {
        *(bool *)option->value = true;
        return STATUS_OK;
    }
    char *copy = poptGetOptArg(context); /* ours to free */
    const char *text = copy ? in_argv(argc, argv, copy) : NULL;
    free(copy);
    /* popt takes whatever comes next as the value, even another option. */
    if (text == NULL || strncmp(text, "--", 2) == 0)
        return status_fail(STATUS_USAGE, "--%s: expected a value (%s)", option->name, option->argument);
    return set_value(option, text);
}

static status refuse(poptContext context, int error) {
    const char *option = poptBadOption(context, POPT_BADOPTION_NOALIAS);
    int length = (int)strcspn(option, "=");
    length = length < 200 ? length : 200; /* leaves room for what is wrong with it */
    if (error == POPT_ERROR_BADOPT)
        return status_fail(STATUS_USAGE, "%.*s: unknown option", length, option);
    if (error == POPT_ERROR_NOARG)
        return status_fail(STATUS_USAGE, "%.*s: expected a value", length, option);
    if (error == POPT_ERROR_UNWANTEDARG)
        return status_fail(STATUS_USAGE, "%.*s: takes no value", length, option);
    return status_fail(STATUS_USAGE, "%.*s: %s", length, option, poptStrerror(error));
}

/* --- parsing --- */

/* `given`: receives a bit for each option that was. */
static status parse_options(const cli_program *program, poptContext context, int argc, char **argv, cli_action *action,
                            uint64_t *given) {
    *given = 0;
    int code;
    while ((code = poptGetNextOpt(context)) > 0) {
        if (code == OPTION_HELP || code == OPTION_VERSION) {
            *action = CLI_DONE;
            (code == OPTION_HELP ? print_help : print_version)(program);
            return cli_flush_output();
        }
        TRY(take_option(&program->options[code - 1], context, argc, argv));
        *given |= UINT64_C(1) << (code - 1);
    }
    return code == -1 ? STATUS_OK : refuse(context, code);
}

static bool names(const char *commands, const char *command) {
    size_t length = strlen(command);
    for (const char *at = commands; *at; at += strspn(at, ", ")) {
        size_t word = strcspn(at, ", ");
        if (word == length && !strncmp(at, command, length))
            return true;
        at += word;
    }
    return false;
}

static status refuse_foreign(const cli_program *program, uint64_t given, const char *command) {
    for (int i = 0; i < program->scope_count; i++) {
        const cli_scope *scope = &program->scopes[i];
        for (int k = 0; k < program->option_count; k++)
            if (given >> k & 1 && !strcmp(program->options[k].name, scope->option) && !names(scope->commands, command))
                return status_fail(STATUS_USAGE, "--%s is for %s, not for %.200s", scope->option, scope->commands,
                                   command);
    }
    return STATUS_OK;
}

/* Moves the positional arguments, which popt has copied, to argv[1], argv[2], ... They stand in argv in the
 * same order, so none is overwritten before it was found. */
static int gather_positional(poptContext context, int argc, char **argv) {
    const char **copies = poptGetArgs(context);
    int count = 0;
    for (int i = 1; i < argc && copies && copies[count]; i++) {
        if (strcmp(argv[i], copies[count]) == 0)
            argv[1 + count++] = argv[i];
    }
    return count;
}

static status parse(const cli_program *program, poptContext context, int argc, char **argv, cli_action *action,
                    const char ***positional, int *positional_count) {
    uint64_t given;
    TRY(parse_options(program, context, argc, argv, action, &given));
    if (*action == CLI_DONE)
        return STATUS_OK;
    int count = gather_positional(context, argc, argv);
    if (count > 0)
        TRY(refuse_foreign(program, given, argv[1]));
    if (positional == NULL && count > 0)
        return status_fail(STATUS_USAGE, "%.200s: unexpected argument", argv[1]);
    if (positional) {
        argv[1 + count] = NULL;
        *positional = (const char **)(argv + 1);
        *positional_count = count;
    }
    return STATUS_OK;
}

status cli_parse(const cli_program *program, int argc, char **argv, cli_action *action, const char ***positional,
                 int *positional_count) {
    *action = CLI_RUN;
    occupy_standard_descriptors();
    signal(SIGXFSZ, SIG_IGN); /* a limit on file sizes is then an error of writing, as a full disk */
    int count = program->option_count;
    assert(count <= 64);                                                 /* a bit for each */
    struct poptOption *table = calloc((size_t)count + 3, sizeof *table); /* a zeroed entry ends it */
    if (table == NULL)
        return status_fail(STATUS_MEMORY, "out of memory");
    for (int i = 0; i < count; i++)
        table[i] =
            (struct poptOption){.longName = program->options[i].name,
                                .argInfo = program->options[i].type == CLI_FLAG ? POPT_ARG_NONE : POPT_ARG_STRING,
                                .val = i + 1};
    table[count] = (struct poptOption){.longName = "help", .argInfo = POPT_ARG_NONE, .val = OPTION_HELP};
    table[count + 1] = (struct poptOption){.longName = "version", .argInfo = POPT_ARG_NONE, .val = OPTION_VERSION};
    poptContext context = poptGetContext(NULL, argc, (const char **)argv, table, 0);
    status result = context ? parse(program, context, argc, argv, action, positional, positional_count)
                            : status_fail(STATUS_MEMORY, "out of memory");
    poptFreeContext(context);
    free(table);
    return result;
}

int cli_finish(const cli_program *program, status code) {
    if (code == STATUS_OK)
        code = cli_flush_output();
    if (code == STATUS_USAGE)
        fprintf(stderr, "%s: %s (see %s%s --help)\n", program->name, status_message(), process_prefix(), program->name);
    else if (code != STATUS_OK)
        fprintf(stderr, "%s: %s\n", program->name, status_message());
    return code == STATUS_INTERRUPTED && process_signal() ? 128 + process_signal() : status_exit_code(code);
}
