/* How much memory a process may still take.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_CORE_BASE_MEMORY_LEFT_H
#define IRST_CORE_BASE_MEMORY_LEFT_H

#include <stdint.h>

/* Bytes: the least of what the system has available and of the limits of the process's control groups, versions 1 and
 * 2. INT64_MAX where nothing tells. `root` stands in front of /proc and /sys: "" but for tests. */
int64_t memory_left(const char *root);

#endif
