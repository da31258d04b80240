/* bench peers: what processes that train together wait for: the latency of a few numbers from each of them, as a norm
 * gathers them, and the sum of a part of the gradients. */
#include "bench/bench.h"
#include "bench/samples.h"
#include "core/base/clock.h"
#include "core/base/job.h"

#include <stdlib.h>

enum { DEFAULT_REPEAT = 100, WARM = 10, NORM_VALUES = 96, PART_FLOATS = 1 << 18 };

/* Three numbers for each of 32 channels. */
static double gather_once(peers *p) {
    double values[NORM_VALUES] = {0}, begun = clock_seconds();
    peers_gather(p, values, NORM_VALUES);
    return clock_seconds() - begun;
}

static double sum_once(peers *p, float *part) {
    double begun = clock_seconds();
    peers_begin_sum(p, part, PART_FLOATS);
    peers_finish_sums(p);
    return clock_seconds() - begun;
}

static status measure(peers *p, int repeat) {
    samples gathers = {0}, sums = {0};
    float *part = calloc(PART_FLOATS, sizeof *part);
    if (!part)
        return status_fail(STATUS_MEMORY, "out of memory for a part of the gradients");
    for (int i = 0; i < WARM + repeat; i++) {
        double gather = gather_once(p), sum = sum_once(p, part);
        if (i < WARM)
            continue;
        samples_add(&gathers, gather);
        samples_add(&sums, sum);
    }
    free(part);
    if (peers_rank(p) > 0)
        return STATUS_OK;
    bench_print("peers.processes", peers_count(p), "processes");
    bench_print("peers.gather_96", 1e6 * samples_median(&gathers), "us");
    bench_print("peers.sum_1MiB", 1e6 * samples_median(&sums), "us");
    return STATUS_OK;
}

status bench_peers(const bench_options *o) {
    peers *p;
    TRY(job_open(&p));
    if (!p)
        return status_fail(STATUS_USAGE, "peers: expected several processes: mpirun -np 2 bench peers");
    status result = measure(p, o->repeat ? o->repeat : DEFAULT_REPEAT);
    job_close(result != STATUS_OK, status_exit_code(result));
    return result;
}
