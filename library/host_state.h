/* What belongs to the host and decides how we compute and read numbers: put aside during a call, and put back.
 *
 * Thread rule: the state is the calling thread's; entered and left by the same thread. */
#ifndef IRST_LIBRARY_HOST_STATE_H
#define IRST_LIBRARY_HOST_STATE_H

#include <fenv.h>
#include <locale.h>

typedef struct host_state {
    fenv_t floats;   /* rounding, exceptions, traps, denormals */
    locale_t locale; /* decimal commas */
} host_state;

/* From now on this thread rounds to nearest without traps, and writes numbers as C does. */
host_state host_state_put_aside(void);
void host_state_put_back(const host_state *state);

#endif
