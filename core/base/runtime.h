/* Threads, floating-point mode and instruction set: set in one place. */
#ifndef IRST_CORE_BASE_RUNTIME_H
#define IRST_CORE_BASE_RUNTIME_H

/* Uses `count` threads from now on; 0 or less: one per processor this process may run on (at most 64). */
void runtime_set_threads(int count);
int runtime_threads(void);
int runtime_thread_index(void); /* inside parallel_for: 0 .. runtime_threads() - 1 */

/* Calls body(context, item) for item = 0 .. count - 1, spread over the threads. Items must be independent; which
 * thread takes which is not fixed, so results that depend on order belong into per-item storage. Denormals are
 * flushed to zero in every thread. Calls must not be nested. */
void parallel_for(int count, void (*body)(void *context, int item), void *context);

/* Calls body(context) with the threads standing by for the calls of parallel_for in it, which then begin and end within
 * a microsecond: for a forward or backward pass. Inside another one it is a plain call. */
void parallel_region(void (*body)(void *context), void *context);

#endif
