/* Where this program and what comes with it are, and child processes that write to a log file and stop when this
 * process is told to.
 *
 * Thread rule: the main thread alone, for signals belong to the process; any thread may ask where things are. */
#ifndef IRST_CORE_BASE_PROCESS_H
#define IRST_CORE_BASE_PROCESS_H

#include "core/base/status.h"

#include <sys/types.h>

/* Programs are called NAME in the source tree and irst-NAME where they are installed. "irst-" or "", whichever this one
 * has. */
const char *process_prefix(void);

/* The program NAME beside the running one. */
status process_sibling(const char *name, char out[4096]);

/* A file that comes with the programs, "weights/rpcanet_plus_nudt.h5": in ../share/irst as seen from the program's
 * folder where the programs are installed, in .. in the source tree. */
status process_shared_file(const char *name, char out[4096]);

#define PROCESS_MOST 64 /* running at a time */

/* From now on SIGINT and SIGTERM are remembered and passed on to every running child instead of ending this process;
 * process_end_signals goes back to the former handling. */
void process_begin_signals(void);
void process_end_signals(void);
int process_signal(void); /* the last one received meanwhile; 0 if none was */
/* STATUS_INTERRUPTED if one was: asked before each image by what goes through many. Any thread. */
status process_check_signals(void);

/* Starts argv[0] (a path) with the NULL-terminated arguments; both outputs are appended to the file `log`. The child
 * gets SIGTERM if this process dies. */
status process_start(const char *const *argv, const char *log, pid_t *out);

/* Waits for any child: its exit code, or 128 and the number of the signal that ended it. */
status process_wait(pid_t *which, int *exit_code);

#endif
