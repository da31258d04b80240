#include "core/base/processors.h"

#include <limits.h>
#include <math.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int smaller(int a, int b) {
    return a < b ? a : b;
}

/* "4" or "4,2,1"; anything else asks for nothing. */
static int asked_for(void) {
    const char *text = getenv("OMP_NUM_THREADS");
    char *end;
    long count = text ? strtol(text, &end, 10) : 0;
    bool reads = text && end != text && (*end == '\0' || *end == ',');
    return reads && count >= 1 && count <= INT_MAX ? (int)count : INT_MAX;
}

static int by_affinity(void) {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        return CPU_COUNT(&set);
    long online = sysconf(_SC_NPROCESSORS_ONLN); /* more processors than the set has room for */
    return online < INT_MAX ? (int)online : INT_MAX;
}

/* --- control groups --- */

/* The first line of a file; false if there is none. */
static bool read_line(const char *folder, const char *name, char line[128]) {
    char path[2 * PATH_MAX];
    bool fits = snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path;
    FILE *file = fits ? fopen(path, "r") : NULL;
    if (!file)
        return false;
    bool read = fgets(line, 128, file) != NULL;
    fclose(file);
    return read;
}

/* Microseconds of processor time in each period of so many; a quota may be none. */
static int of_quota(double quota, double period) {
    return quota > 0 && period > 0 && quota / period < INT_MAX ? (int)ceil(quota / period) : INT_MAX;
}

static int of_folder(const char *folder) {
    char line[128], of_period[128];
    double quota = 0, period = 0;
    if (read_line(folder, "cpu.max", line)) /* version 2: "max 100000" or "150000 100000" */
        sscanf(line, "%lf %lf", &quota, &period);
    else if (read_line(folder, "cpu.cfs_quota_us", line) && read_line(folder, "cpu.cfs_period_us", of_period)) {
        sscanf(line, "%lf", &quota); /* version 1: -1 for none */
        sscanf(of_period, "%lf", &period);
    }
    return of_quota(quota, period);
}

/* The least of a group and those above it. In a container the group's own folder may not be there: the mount shows the
 * container's group as the topmost one. */
static int of_group(const char *mount, const char *group) {
    char folder[2 * PATH_MAX];
    size_t top = strlen(mount);
    int least = INT_MAX;
    snprintf(folder, sizeof folder, "%s%s", mount, group);
    for (;;) {
        least = smaller(least, of_folder(folder));
        char *slash = strrchr(folder, '/');
        if (!slash || slash < folder + top)
            return least;
        *slash = '\0';
    }
}

static bool lists_cpu(const char *controllers) {
    for (const char *at = controllers; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        if (!strncmp(at, "cpu", 3) && (at[3] == ',' || at[3] == '\0'))
            return true;
    return false;
}

/* A line of /proc/self/cgroup, "4:cpu,cpuacct:/group" (version 1) or "0::/group" (version 2). */
static int of_line(const char *root, char *line) {
    char *controllers = strchr(line, ':'), *group = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!group)
        return INT_MAX;
    *group++ = '\0';
    controllers++;
    group[strcspn(group, "\n")] = '\0';
    char mount[PATH_MAX];
    if (*controllers && !lists_cpu(controllers))
        return INT_MAX;
    snprintf(mount, sizeof mount, "%s/sys/fs/cgroup%s%s", root, *controllers ? "/" : "", controllers);
    return of_group(mount, group);
}

static int by_quota(const char *root) {
    char path[PATH_MAX], line[PATH_MAX];
    int least = INT_MAX;
    snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        least = smaller(least, of_line(root, line));
    if (file)
        fclose(file);
    return least;
}

int processors_available(const char *root) {
    int count = smaller(asked_for(), smaller(by_affinity(), by_quota(root)));
    return count < 1 ? 1 : count;
}
