#include "core/base/memory_left.h"

#include "core/base/cgroup.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

static int64_t smaller(int64_t a, int64_t b) {
    return a < b ? a : b;
}

/* Of the whole group, what is in use among it: that is mostly this process and files that give way. Version 2 writes
 * "max" where there is no limit, version 1 a number beyond any memory. */
static void add_folder(void *context, const char *folder) {
    int64_t *least = context, limit;
    char line[128];
    if ((cgroup_read_line(folder, "memory.max", line) || cgroup_read_line(folder, "memory.limit_in_bytes", line)) &&
        sscanf(line, "%" SCNd64, &limit) == 1)
        *least = smaller(*least, limit);
}

/* What the system could give without swapping. */
static int64_t of_system(const char *root) {
    char path[PATH_MAX], line[128];
    int64_t kib, bytes = INT64_MAX;
    snprintf(path, sizeof path, "%s/proc/meminfo", root);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "MemAvailable: %" SCNd64 " kB", &kib) == 1)
            bytes = kib * 1024;
    if (file)
        fclose(file);
    return bytes;
}

int64_t memory_left(const char *root) {
    int64_t least = of_system(root);
    cgroup_each(root, "memory", add_folder, &least);
    return least;
}
