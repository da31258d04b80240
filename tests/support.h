/* Helpers for tests: where the data is, and a folder to write in. */
#ifndef IRST_TESTS_SUPPORT_H
#define IRST_TESTS_SUPPORT_H

#include "core/base/engine.h"

#include <stdbool.h>

/* The folder of the shared data: $IRST_SHARED, or "../shared". NULL if there is none. */
const char *shared_folder(void);

/* The same, but without it the running test is skipped, or fails where $CI is "true". */
const char *require_shared_folder(void);

/* Skips the running test in a program built with sanitizers: for trainings of networks with tens of millions of
 * weights, which take minutes there and run the same code as those of smaller ones. */
void skip_if_sanitized(void);
bool is_sanitized(void);

/* The engine for what the test makes: of as many threads as use_threads said last (at most 8; 0, as at first: the
 * default). It lives on when another takes its place. */
engine *test_engine(void);
void use_threads(int count);

/* A path for `name` in a new empty folder of this test program, which is removed at exit. Owned by the helper
 * and valid until the fourth next call. */
const char *scratch_path(const char *name);

/* Writes bytes to a file of the scratch folder and returns its path, as scratch_path does. */
const char *scratch_file(const char *name, const void *data, unsigned long size);

/* Whether body(context), run in a child process, ends by a failed assertion. What it prints is dropped. */
int aborts(void (*body)(void *context), void *context);

#endif
