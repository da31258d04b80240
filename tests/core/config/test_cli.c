/* Command lines: values, positional arguments, help, messages and exit codes. */
#include "core/config/cli.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *out, *size;
static int threads, draws;
static double threshold, offset;
static bool stages;

static const cli_option options[] = {
    {"out", CLI_TEXT, &out, "DIR", "folder for the results"},
    {"size", CLI_TEXT, &size, "N|native",
     "size that an image is resized to before it goes through the network, or "
     "native to leave it as it is"},
    {"threads", CLI_INT, &threads, "N", "threads to use; 0 for one a core"},
    {"draws", CLI_INT, &draws, "N", "as many as images"},
    {"threshold", CLI_REAL, &threshold, "T", "of the score"},
    {"offset", CLI_REAL, &offset, "X", "added to each pixel"},
    {"raw-stages", CLI_FLAG, &stages, NULL, "store the maps of every stage"},
};
static const cli_scope scopes[] = {{"draws", "b.png, c.png"}};
static const cli_program program = {
    .name = "detect",
    .summary = "marks small targets in infrared images",
    .arguments = "INPUT... --out DIR [options]",
    .examples = "@detect a.png --out found    # one image\n@detect folder --out found",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .scopes = scopes,
    .scope_count = sizeof scopes / sizeof *scopes,
};

#define MOST_ARGUMENTS 16
static cli_action action;
static const char **positional;
static int positional_count;

/* Parses up to MOST_ARGUMENTS words, from the defaults, in copies that can be written. */
static status parse_words(const char *const *words) {
    static char storage[MOST_ARGUMENTS + 1][256];
    static char *argv[MOST_ARGUMENTS + 2];
    int argc = 1;
    snprintf(storage[0], sizeof storage[0], "detect");
    argv[0] = storage[0];
    for (; words[argc - 1]; argc++) {
        snprintf(storage[argc], sizeof storage[0], "%s", words[argc - 1]);
        argv[argc] = storage[argc];
    }
    argv[argc] = NULL;
    out = NULL;
    size = "256";
    threads = 2;
    draws = -1;
    threshold = 0.5;
    offset = NAN;
    stages = false;
    return cli_parse(&program, argc, argv, &action, &positional, &positional_count);
}

#define parse(...) parse_words((const char *const[]){__VA_ARGS__, NULL})

static void test_values_and_positional(void **state) {
    (void)state;
    assert_ok(parse("a.png", "--out", "found", "--threads=3", "b.png", "--raw-stages", "--threshold", "0.25", "-"));
    assert_int_equal(action, CLI_RUN);
    assert_string_equal(out, "found");
    assert_string_equal(size, "256");
    assert_int_equal(threads, 3);
    assert_true(threshold == 0.25);
    assert_true(stages);
    assert_int_equal(positional_count, 3);
    assert_string_equal(positional[0], "a.png");
    assert_string_equal(positional[1], "b.png");
    assert_string_equal(positional[2], "-");
    assert_null(positional[3]);

    /* The same text as value and argument; an argument that looks like an option; a value with "=". */
    assert_ok(parse("--out", "x", "x", "train.epochs=5", "--size=a=b", "--", "--out"));
    assert_string_equal(out, "x");
    assert_string_equal(size, "a=b");
    assert_int_equal(positional_count, 3);
    assert_string_equal(positional[0], "x");
    assert_string_equal(positional[1], "train.epochs=5");
    assert_string_equal(positional[2], "--out");

    assert_ok(parse("", "--out", "x", ""));
    assert_int_equal(positional_count, 2);
    assert_string_equal(positional[1], "");

    assert_ok(parse_words((const char *const[]){NULL}));
    assert_int_equal(positional_count, 0);
    assert_null(positional[0]);
}

static void test_negative_numbers_and_repeated_options(void **state) {
    (void)state;
    assert_ok(parse("--threshold", "-0.5", "--offset=-1e-3", "--threads", "-4", "--out", "-"));
    assert_true(threshold == -0.5);
    assert_true(offset == -1e-3);
    assert_int_equal(threads, -4);
    assert_string_equal(out, "-");
    assert_ok(parse("--threads", "1", "--out=", "--threads", "7")); /* the last one counts */
    assert_int_equal(threads, 7);
    assert_string_equal(out, "");
}

static void test_refusals(void **state) {
    (void)state;
    assert_fails(parse("a", "--foo", "--out", "x"), STATUS_USAGE, "--foo: unknown option", "");
    assert_fails(parse("--foo=3"), STATUS_USAGE, "--foo: unknown option", "");
    assert_fails(parse("-x"), STATUS_USAGE, "-x: unknown option", "");
    assert_fails(parse("--out"), STATUS_USAGE, "--out: expected a value", "");
    assert_fails(parse("--out", "--threads", "3"), STATUS_USAGE, "--out: expected a value (DIR)", "");
    assert_fails(parse("--raw-stages=yes"), STATUS_USAGE, "--raw-stages: takes no value", "");
    static char long_name[252];
    memset(long_name, '-', sizeof long_name - 1);
    assert_fails(parse(long_name), STATUS_USAGE, "-----: unknown option", "");
    static const char *const bad_integers[] = {"", "x", "3x", "1.5", "99999999999", "9999999999999999999999"};
    static const char *const bad_reals[] = {"", "x", "0.5x", "nan", "inf", "1e999"};
    for (int i = 0; i < 6; i++) {
        assert_fails(parse("--threads", bad_integers[i]), STATUS_USAGE, "--threads", "expected an integer");
        assert_fails(parse("--threshold", bad_reals[i]), STATUS_USAGE, "--threshold", "expected a number");
    }
    assert_fails(parse("a.png", "--draws", "1"), STATUS_USAGE, "--draws is for b.png, c.png, not for a.png", "");
    assert_fails(parse("--draws=-1", ".png", "c.png"), STATUS_USAGE, "--draws is for",
                 "not for .png"); /* its default */
    assert_ok(parse("--draws", "1", "c.png"));
    assert_ok(parse("a.png", "--threads", "1"));
    char *argv[] = {"detect", "surplus", NULL};
    assert_fails(cli_parse(&program, 2, argv, &action, NULL, NULL), STATUS_USAGE, "surplus: unexpected argument", "");
}

/* What `run` writes to the file descriptor; free it. */
static char *captured(int descriptor, void (*run)(void)) {
    const char *path = scratch_path("captured");
    int kept = dup(descriptor), file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(kept >= 0 && file >= 0);
    fflush(NULL);
    dup2(file, descriptor);
    run();
    fflush(NULL);
    dup2(kept, descriptor);
    close(kept);
    off_t length = lseek(file, 0, SEEK_END);
    char *text = calloc(1, (size_t)length + 1);
    assert_true(text && pread(file, text, (size_t)length, 0) == length);
    close(file);
    return text;
}

static void run_help(void) {
    assert_ok(parse("--raw-stages", "--help", "--foo"));
}

static void run_version(void) {
    assert_ok(parse("--version"));
}

static void test_help_and_version(void **state) {
    (void)state;
    char *text = captured(STDOUT_FILENO, run_help);
    assert_int_equal(action, CLI_DONE);
    assert_string_equal(text, "detect: marks small targets in infrared images\n"
                              "\n"
                              "usage: detect INPUT... --out DIR [options]\n"
                              "\n"
                              "options:\n"
                              "  --out DIR        folder for the results\n"
                              "  --size N|native  size that an image is resized to before it goes through the "
                              "network, or native to\n"
                              "                   leave it as it is (default: 256)\n"
                              "  --threads N      threads to use; 0 for one a core (default: 2)\n"
                              "  --draws N        as many as images\n"
                              "  --threshold T    of the score (default: 0.5)\n"
                              "  --offset X       added to each pixel\n"
                              "  --raw-stages     store the maps of every stage\n"
                              "  --help           print this and exit\n"
                              "  --version        print the version and exit\n"
                              "\n"
                              "examples:\n"
                              "  detect a.png --out found    # one image\n"
                              "  detect folder --out found\n");
    free(text);
    text = captured(STDOUT_FILENO, run_version);
    assert_int_equal(action, CLI_DONE);
    const char *first = "irst detect " IRST_VERSION "\nbuilt with ";
    assert_memory_equal(text, first, strlen(first));
    free(text);
}

static int exit_code;

static void run_usage(void) {
    exit_code = cli_finish(&program, parse("--foo"));
}

static void run_input(void) {
    exit_code = cli_finish(&program, status_fail(STATUS_INPUT, "a.png: truncated"));
}

static void run_ok(void) {
    exit_code = cli_finish(&program, STATUS_OK);
}

static void run_interrupted(void) {
    exit_code = cli_finish(&program, status_fail(STATUS_INTERRUPTED, "interrupted in epoch 3"));
}

static void test_finish(void **state) {
    (void)state;
    static const struct {
        void (*run)(void);
        int code;
        const char *text;
    } cases[] = {
        {run_usage, 2, "detect: --foo: unknown option (see detect --help)\n"},
        {run_input, 1, "detect: a.png: truncated\n"},
        {run_interrupted, 130, "detect: interrupted in epoch 3\n"},
        {run_ok, 0, ""},
    };
    for (int i = 0; i < 4; i++) {
        char *text = captured(STDERR_FILENO, cases[i].run);
        assert_string_equal(text, cases[i].text);
        assert_int_equal(exit_code, cases[i].code);
        free(text);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_and_positional),
        cmocka_unit_test(test_negative_numbers_and_repeated_options),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_help_and_version),
        cmocka_unit_test(test_finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
