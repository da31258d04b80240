/* How many threads a process may keep busy, and on what.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_CORE_BASE_PROCESSORS_H
#define IRST_CORE_BASE_PROCESSORS_H

/* The least of: OMP_NUM_THREADS (its first number), the processors that the calling thread may run on, and the CPU
 * quota of the process's control group or any above it, versions 1 and 2, rounded up. At least 1. `root` stands in
 * front of /proc and /sys: "" but for tests. */
int processors_available(const char *root);

enum { PROCESSOR_NAME = 128 };

/* What the maker calls the model ("AMD EPYC 7763 64-Core Processor"), by /proc/cpuinfo; the architecture ("aarch64")
 * where that has no name for it. */
void processor_name(const char *root, char out[PROCESSOR_NAME]);

#endif
