/* Child processes: their output, exit codes, and the signals passed on to them. */
#include "core/base/process.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static pid_t shell(const char *script, const char *log) {
    const char *argv[] = {"/bin/sh", "-c", script, NULL};
    pid_t child;
    assert_ok(process_start(argv, log, &child));
    return child;
}

static int wait_for(pid_t expected) {
    pid_t child;
    int code;
    assert_ok(process_wait(&child, &code));
    assert_int_equal(child, expected);
    return code;
}

static void test_output_and_code(void **state) {
    (void)state;
    char log[4096], text[64] = "";
    snprintf(log, sizeof log, "%s", scratch_path("log"));
    assert_int_equal(wait_for(shell("echo out; echo err >&2; exit 3", log)), 3);
    assert_int_equal(wait_for(shell("echo more", log)), 0); /* appended */
    FILE *file = fopen(log, "r");
    assert_non_null(file);
    size_t length = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[length] = '\0';
    assert_string_equal(text, "out\nerr\nmore\n");
}

static void test_failures(void **state) {
    (void)state;
    const char *argv[] = {"/no/such/program", NULL};
    pid_t child;
    int code;
    assert_ok(process_start(argv, scratch_path("log2"), &child));
    assert_int_equal(wait_for(child), 127);
    assert_fails(process_start(argv, scratch_path("no/such/log"), &child), STATUS_OUTPUT, "no/such/log", "written");
    assert_fails(process_wait(&child, &code), STATUS_INPUT, "no process", "");
}

/* Every child hears of the signal, and this process lives on. */
static void test_signals_are_passed_on(void **state) {
    (void)state;
    static const char script[] = "trap 'exit 5' TERM; echo ready; while :; do sleep 0.02; done";
    char log[4096];
    snprintf(log, sizeof log, "%s", scratch_path("log3"));
    process_begin_signals();
    pid_t a = shell(script, log), b = shell("kill -9 $$", scratch_path("log4"));
    assert_int_equal(wait_for(b), 128 + SIGKILL);
    for (long size = 0; size == 0; usleep(1000)) { /* until the trap is set */
        FILE *file = fopen(log, "r");
        fseek(file, 0, SEEK_END);
        size = ftell(file);
        fclose(file);
    }
    assert_int_equal(process_signal(), 0);
    raise(SIGTERM);
    assert_int_equal(wait_for(a), 5);
    assert_int_equal(process_signal(), SIGTERM);
    process_end_signals();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_output_and_code),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_signals_are_passed_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
