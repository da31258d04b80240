/* The control groups that a process belongs to, versions 1 and 2.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_CORE_BASE_CGROUP_H
#define IRST_CORE_BASE_CGROUP_H

#include <stdbool.h>

/* Calls `visit` with the folder of this process's group, and of each above it, in the hierarchy of `controller` ("cpu",
 * "memory"). `root` stands in front of /proc and /sys: "" but for tests. */
void cgroup_each(const char *root, const char *controller, void (*visit)(void *context, const char *folder),
                 void *context);

/* The first line of a file in such a folder; false if there is none. */
bool cgroup_read_line(const char *folder, const char *name, char line[128]);

#endif
