/* The dispatcher of an engine: hands the items of a loop to the threads that stand by. It starts no threads itself:
 * those of a region (parallel.c) come to it.
 *
 * Thread rule: crew_open, crew_run and crew_close are the first thread's, crew_stand_by the others', all within one
 * region; the rest belongs outside of regions. */
#ifndef IRST_CORE_BASE_CREW_H
#define IRST_CORE_BASE_CREW_H

#include "core/base/parallel.h"
#include "core/base/status.h"

typedef struct crew crew;

status crew_new(int threads, crew **out); /* for regions of at most `threads` threads; free with crew_free */
void crew_free(crew *c);                  /* accepts NULL */

void crew_open(crew *c);  /* before the region's threads begin */
void crew_close(crew *c); /* lets the others go: no more loops */
void crew_left(crew *c);  /* after the region's threads are done: what they wrote is visible from here on */

/* A loop: publishes the items, takes part, and returns after the last is done. `present`: threads of the region. */
void crew_run(crew *c, const worker *first, int present, int count,
              void (*body)(const worker *w, void *context, int item), void *context);

/* Takes part in the first thread's loops until crew_close. */
void crew_stand_by(crew *c, const worker *w, int present);

#endif
