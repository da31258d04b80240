/* Status codes and the message that goes with a failure.
 *
 * A function that can fail returns a `status`. The library never prints and never exits: on failure it leaves
 * one line, in a buffer of the calling thread, that says what, where and what was expected.
 *
 * Thread rule: any thread at any time; each has a message of its own. */
#ifndef IRST_CORE_BASE_STATUS_H
#define IRST_CORE_BASE_STATUS_H

typedef enum status {
    STATUS_OK = 0,
    STATUS_USAGE,       /* wrong command line or configuration: exit code 2 */
    STATUS_INPUT,       /* a file is missing, malformed or does not fit: exit code 1 */
    STATUS_OUTPUT,      /* a file could not be written */
    STATUS_MEMORY,      /* out of memory */
    STATUS_NUMERIC,     /* NaN or infinity where none may be */
    STATUS_INTERRUPTED, /* stopped by SIGINT or SIGTERM */
} status;

/* Records a formatted one-line message for this thread and returns `code`. */
status status_fail(status code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Puts "PREFIX: " in front of the current message, to name the file or item at hand; returns `code`. */
status status_prefix(status code, const char *format, ...) __attribute__((format(printf, 2, 3)));

#ifdef __clang_analyzer__
/* What a static analyser of one file cannot know: that these return their code. */
#define status_fail(code, ...) (status_fail(code, __VA_ARGS__), (code))
#define status_prefix(code, ...) (status_prefix(code, __VA_ARGS__), (code))
#endif

/* The last message of this thread ("" if none). Valid until the next status_fail in the thread. */
const char *status_message(void);

/* Exit code of a program: 0 done, 1 failed at run time, 2 wrong usage or configuration, 130 interrupted. */
int status_exit_code(status code);

/* Returns from the enclosing function if `expression` is not STATUS_OK. */
#define TRY(expression)                                                                                                \
    do {                                                                                                               \
        status try_status_ = (expression);                                                                             \
        if (try_status_ != STATUS_OK)                                                                                  \
            return try_status_;                                                                                        \
    } while (0)

#endif
