/* Progress on stderr: a bar with rate and ETA on a terminal; silent when stderr is not a terminal, or a dumb
 * one, or when the environment sets NO_COLOR.
 *
 * Thread rule: one thread at a time: there is one terminal. */
#ifndef IRST_CORE_LOG_PROGRESS_H
#define IRST_CORE_LOG_PROGRESS_H

#include <stdint.h>

typedef struct progress {
    const char *label;
    const char *unit;
    int64_t total;
    int64_t done;
    double start;      /* seconds, monotonic */
    double last_drawn; /* seconds, monotonic */
    int64_t done_when_drawn;
    double rate; /* units a second: a moving average over the last ten seconds or so; 0 until known */
    double left; /* seconds, from a caller who knows better than the rate tells; NAN: none */
    int enabled;
} progress;

/* `label` and `unit` ("image") must outlive it. */
void progress_begin(progress *p, const char *label, const char *unit, int64_t total);
/* Begins after what an earlier process has done, which says nothing about the rate. */
void progress_resume(progress *p, int64_t done);
void progress_update(progress *p, int64_t done, const char *note); /* note: short text at the end, may be NULL */
void progress_end(progress *p);                                    /* erases the bar */

/* progress_update for those who report by a callback: `bar` is a progress, whose total is only known now. */
void progress_share(void *bar, int done, int total);

#endif
