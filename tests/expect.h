/* Assertions on a status and its message, and on numbers. */
#ifndef IRST_TESTS_EXPECT_H
#define IRST_TESTS_EXPECT_H

#include "core/base/status.h"
#include "tests/deviation.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define assert_ok(expression)                                                                                          \
    do {                                                                                                               \
        if ((expression) != STATUS_OK)                                                                                 \
            fail_msg("%s: %s", #expression, status_message());                                                         \
    } while (0)

/* The call fails with `code`, and its message is one line in which both texts stand. */
#define assert_fails(expression, code, a, b)                                                                           \
    do {                                                                                                               \
        assert_int_equal((expression), (code));                                                                        \
        expect_message((a), (b));                                                                                      \
    } while (0)

static inline void expect_message(const char *a, const char *b) {
    const char *message = status_message();
    if (strstr(message, a) == NULL || strstr(message, b) == NULL || strchr(message, '\n') != NULL)
        fail_msg("expected one line with \"%s\" and \"%s\", got \"%s\"", a, b, message);
}

static inline void assert_near(double value, double expected, double limit) {
    if (!(fabs(value - expected) <= limit))
        fail_msg("%.9g, expected %.9g within %g", value, expected, limit);
}

#endif
