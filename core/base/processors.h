/* How many threads a process may keep busy.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_CORE_BASE_PROCESSORS_H
#define IRST_CORE_BASE_PROCESSORS_H

/* The least of: OMP_NUM_THREADS (its first number), the processors that the calling thread may run on, and the CPU
 * quota of the process's control group or any above it, versions 1 and 2, rounded up. At least 1. `root` stands in
 * front of /proc and /sys: "" but for tests. */
int processors_available(const char *root);

#endif
