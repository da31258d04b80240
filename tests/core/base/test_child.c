/* Children behind pipes: what they read, write, note and say, and how they end. */
#include "core/base/child.h"
#include "tests/expect.h"

#include <signal.h>
#include <unistd.h>

static child shell(const char *script, int pipes) {
    const char *const argv[] = {"sh", "-c", script, NULL};
    child c;
    bool missing;
    assert_ok(child_start(argv, pipes, &c, &missing));
    return c;
}

static void expect_text(int descriptor, const char *expected) {
    char text[64];
    size_t length = 0;
    ssize_t got;
    while ((got = read(descriptor, text + length, sizeof text - 1 - length)) > 0)
        length += (size_t)got;
    text[length] = '\0';
    assert_string_equal(text, expected);
}

static void test_all_pipes(void **state) {
    (void)state;
    child c = shell("read x; echo a note >&3; echo trouble >&2; echo got $x; exit 4",
                    CHILD_INPUT | CHILD_OUTPUT | CHILD_NOTES);
    assert_int_equal(write(c.input, "seven\n", 6), 6);
    expect_text(c.output, "got seven\n"); /* the notes came before */
    expect_text(c.notes, "a note\n");
    assert_int_equal(child_end(&c, 10), 4);
    assert_string_equal(child_last_words(&c), "trouble");
    assert_int_equal(child_end(&c, 10), 0); /* it has ended */
}

static void test_no_pipes(void **state) {
    (void)state;
    close(3); /* whoever runs the tests may have left one open, which a child inherits */
    child c = shell("read x && exit 1; echo unseen; test ! -e /proc/self/fd/3", 0);
    assert_int_equal(child_end(&c, 10), 0);
    assert_string_equal(child_last_words(&c), "");
}

static void test_missing_program(void **state) {
    (void)state;
    child c;
    bool missing;
    const char *const argv[] = {"no-such-program-at-all", NULL}, *const folder[] = {"/etc", NULL};
    assert_fails(child_start(argv, CHILD_OUTPUT, &c, &missing), STATUS_INPUT, "no-such-program-at-all",
                 "cannot be run");
    assert_true(missing && child_end(&c, 0) == 0);
    assert_fails(child_start(folder, CHILD_OUTPUT, &c, &missing), STATUS_INPUT, "/etc", "denied");
    assert_false(missing);
}

/* Of much only the end is kept, and the child never waits to be heard. */
static void test_last_words(void **state) {
    (void)state;
    child c = shell("i=0; while [ $i -lt 20000 ]; do echo \"[demuxer @ 0x$i] line $i\"; i=$((i + 1)); done >&2", 0);
    assert_int_equal(child_end(&c, 60), 0);
    assert_string_equal(child_last_words(&c), "line 19999");
    assert_true(c.length < sizeof c.said);
}

/* Whoever does not end by itself is told to, and then made to. */
static void test_patience_ends(void **state) {
    (void)state;
    char ready[2] = "";
    child obedient = shell("exec sleep 100", 0),
          stubborn = shell("trap '' TERM; echo; sleep 100 & wait; wait", CHILD_OUTPUT);
    assert_int_equal(read(stubborn.output, ready, 1), 1); /* its trap is set */
    assert_int_equal(child_end(&obedient, 0), 128 + SIGTERM);
    assert_int_equal(kill(-stubborn.process, 0), 0); /* a group of its own */
    pid_t group = stubborn.process;
    assert_int_equal(child_end(&stubborn, 0), 128 + SIGKILL);
    kill(-group, SIGKILL); /* and its child */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_pipes),  cmocka_unit_test(test_no_pipes),      cmocka_unit_test(test_missing_program),
        cmocka_unit_test(test_last_words), cmocka_unit_test(test_patience_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
