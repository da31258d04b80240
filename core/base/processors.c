#include "core/base/processors.h"

#include "core/base/cgroup.h"
#include "core/base/whole_numbers.h"

#include <limits.h>
#include <math.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

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

/* quota: microseconds of processor time in each period, which is given in the same; it may be none. */
static int of_quota(double quota, double period) {
    return quota > 0 && period > 0 && quota / period < INT_MAX ? (int)ceil(quota / period) : INT_MAX;
}

/* The least of all groups. */
static void add_folder(void *context, const char *folder) {
    int *least = context;
    char line[128], of_period[128];
    double quota = 0, period = 0;
    if (cgroup_read_line(folder, "cpu.max", line)) /* version 2: "max 100000" or "150000 100000" */
        sscanf(line, "%lf %lf", &quota, &period);
    else if (cgroup_read_line(folder, "cpu.cfs_quota_us", line) &&
             cgroup_read_line(folder, "cpu.cfs_period_us", of_period)) {
        sscanf(line, "%lf", &quota); /* version 1: -1 for none */
        sscanf(of_period, "%lf", &period);
    }
    *least = int_min(*least, of_quota(quota, period));
}

static int by_quota(const char *root) {
    int least = INT_MAX;
    cgroup_each(root, "cpu", add_folder, &least);
    return least;
}

int processors_available(const char *root) {
    int count = int_min(asked_for(), int_min(by_affinity(), by_quota(root)));
    return count < 1 ? 1 : count;
}

void processor_name(const char *root, char out[PROCESSOR_NAME]) {
    char path[1024], line[512];
    struct utsname system;
    snprintf(out, PROCESSOR_NAME, "%s", uname(&system) == 0 ? system.machine : "an unknown processor");
    snprintf(path, sizeof path, "%s/proc/cpuinfo", root);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        if (sscanf(line, "model name : %127[^\n]", out) == 1)
            break;
    if (file)
        fclose(file);
}
