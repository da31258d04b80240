/* The progress bar: silent into a file, drawn and erased on a terminal, rate and time left. */
#include "core/log/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Redirects stderr to the terminal side of a new pseudo-terminal, `columns` wide, during `run`; returns what
 * arrived on the other side. */
static void on_terminal(int columns, void (*run)(void), char *text, size_t size) {
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    int terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
    assert_true(terminal >= 0);
    struct winsize window = {.ws_row = 24, .ws_col = (unsigned short)columns};
    assert_int_equal(ioctl(terminal, TIOCSWINSZ, &window), 0);
    int kept = dup(STDERR_FILENO);
    dup2(terminal, STDERR_FILENO);
    run();
    fflush(stderr);
    dup2(kept, STDERR_FILENO);
    close(kept);
    size_t used = 0;
    struct pollfd ready = {.fd = master, .events = POLLIN};
    while (used + 1 < size && poll(&ready, 1, 0) > 0) {
        ssize_t n = read(master, text + used, size - 1 - used);
        if (n <= 0)
            break;
        used += (size_t)n;
    }
    text[used] = '\0';
    close(terminal);
    close(master);
}

/* 45 of 100 after 0.5 s: 90 a second, 0.6 s left. Sleeping takes at least as long as asked, so the rate stays
 * below; the clock is moved instead of waiting. */
static void run_bar(void) {
    progress p;
    progress_begin(&p, "train", "image", 100);
    progress_update(&p, 1, "not drawn: too early");
    p.last_drawn -= 0.5;
    progress_update(&p, 45, "loss 0.25");
    progress_end(&p);
}

static void run_slow_bar(void) {
    progress p;
    progress_begin(&p, "train", "epoch", 10);
    p.last_drawn -= 20;
    progress_update(&p, 2, "a note that is much too long for a narrow window");
}

static void run_empty_and_overfull(void) {
    progress p;
    progress_begin(&p, "a", "b", 0);
    p.last_drawn -= 1;
    progress_update(&p, 0, NULL);
    p.last_drawn -= 1;
    progress_update(&p, 5, NULL);
    progress_end(&p);
}

static void test_bar_on_a_terminal(void **state) {
    (void)state;
    unsetenv("NO_COLOR");
    setenv("TERM", "xterm", 1);
    char text[4096];
    on_terminal(120, run_bar, text, sizeof text);
    assert_non_null(strstr(text, "\rtrain [##########..............] 45/100  "));
    assert_non_null(strstr(text, " image/s  ETA 0:00:01  loss 0.25\033[K"));
    assert_null(strstr(text, "too early"));
    const char *rate = strstr(text, "45/100  ");
    double value = strtod(rate + 8, NULL);
    assert_true(value > 60 && value <= 90.0);
    size_t length = strlen(text);
    assert_string_equal(text + length - 4, "\r\033[K");

    on_terminal(60, run_slow_bar, text, sizeof text);
    assert_non_null(strstr(text, "2/10  10.0 s/epoch  ETA"));
    assert_int_equal(strlen(text), 1 + 59 + 3); /* return, one column less than the window, erase */

    on_terminal(80, run_empty_and_overfull, text, sizeof text);
    assert_non_null(strstr(text, "0/0"));
}

static void test_silent_elsewhere(void **state) {
    (void)state;
    char text[4096];
    setenv("NO_COLOR", "1", 1);
    on_terminal(120, run_bar, text, sizeof text);
    assert_string_equal(text, "");
    unsetenv("NO_COLOR");
    setenv("TERM", "dumb", 1);
    on_terminal(120, run_bar, text, sizeof text);
    assert_string_equal(text, "");
    setenv("TERM", "xterm", 1);
    int ends[2], kept = dup(STDERR_FILENO);
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    run_bar();
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(ends[1]);
    assert_int_equal(read(ends[0], text, sizeof text), 0);
    close(ends[0]);
}

static void test_rate_is_a_moving_average(void **state) {
    (void)state;
    progress p;
    progress_begin(&p, "a", "b", 1000000);
    p.enabled = 1;
    int kept = dup(STDERR_FILENO), nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, STDERR_FILENO);
    p.last_drawn -= 1;
    progress_update(&p, 100, NULL);
    double first = p.rate;
    for (int i = 1; i <= 60; i++) { /* a minute, six time constants, at half the speed */
        p.last_drawn -= 1;
        progress_update(&p, 100 + i * 50, NULL);
    }
    double half = p.rate;
    progress_update(&p, 1000001, NULL); /* there is no more than all */
    assert_true(p.done == p.total);
    progress_begin(&p, "a", "b", 100); /* what another process has done is no speed of this one */
    progress_resume(&p, 90);
    p.enabled = 1;
    p.last_drawn -= 1;
    progress_update(&p, 95, NULL);
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(nowhere);
    assert_true(p.rate > 0 && p.rate <= 5);
    assert_true(first > 50 && first <= 100);
    assert_true(half > 25 && half < 51); /* e^-6 of the difference is left: 0.12; a busy machine only slows */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bar_on_a_terminal),
        cmocka_unit_test(test_silent_elsewhere),
        cmocka_unit_test(test_rate_is_a_moving_average),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
