/* A program run as a child whose input or output is a pipe to this process, and whose complaints are kept.
 *
 * Thread rule: one thread at a time for each child; started by a thread that outlives it, for it gets SIGTERM when that
 * thread ends. */
#ifndef IRST_CORE_BASE_CHILD_H
#define IRST_CORE_BASE_CHILD_H

#include "core/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef enum child_pipes {
    CHILD_INPUT = 1,  /* its standard input is written by us; else it is empty */
    CHILD_OUTPUT = 2, /* its standard output is read by us; else nobody sees it */
    CHILD_NOTES = 4   /* and so is what it writes to descriptor 3 */
} child_pipes;

/* Our ends of the pipes; -1 for those that it has not. A zeroed struct is no child. */
typedef struct child {
    pid_t process;           /* 0: none */
    int output;              /* blocking */
    int input, notes, error; /* not blocking */
    size_t length;
    char said[2048]; /* the end of what it said on standard error */
} child;

/* Starts argv[0], looked for as a shell does, with the NULL-terminated arguments. It is in a process group of its own,
 * so that Ctrl-C is heard by us alone, who decide when it ends; one that does not read from us gets SIGTERM if we die.
 * STATUS_INPUT if it cannot be run; *missing says whether that is because there is no such program. End with
 * child_end. */
status child_start(const char *const *argv, int pipes, child *out, bool *missing);

/* Takes in what it has said on standard error, without waiting: to be called now and then, or it may have to wait. */
void child_listen(child *c);

/* The last line that it has said, without what stands in brackets before it; "" if it has said nothing. */
const char *child_last_words(child *c);

/* Closes our ends and waits for its end: after `patience` seconds it gets SIGTERM, and two seconds later SIGKILL.
 * Returns its exit code, or 128 and the number of the signal that ended it; what it has said stays. Accepts a zeroed
 * struct. */
int child_end(child *c, double patience);

#endif
