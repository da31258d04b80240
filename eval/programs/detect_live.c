#include "eval/programs/detect_live.h"

#include "eval/programs/arguments.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_FPS 1e5

/* A video that is read and written over would be lost. */
static status refuse_own_source(const live_options *options) {
    struct stat read, written;
    if (!options->annotate || stat(options->annotate, &written) != 0 || stat(options->video, &read) != 0 ||
        read.st_ino != written.st_ino || read.st_dev != written.st_dev)
        return STATUS_OK;
    return status_fail(STATUS_USAGE, "%s is the SOURCE and cannot be --annotate too", options->annotate);
}

status detect_live_check(const live_options *options, video_job *job, tracker_options *tracking) {
    const struct {
        const char *name;
        bool given;
    } dependent[] = {{"fps", options->fps},     {"lines", options->lines},       {"drop", options->drop},
                     {"track", options->track}, {"tracking", options->tracking}, {"annotate", options->annotate}};
    for (size_t i = 0; i < sizeof dependent / sizeof *dependent; i++)
        if (dependent[i].given && !options->video)
            return status_fail(STATUS_USAGE, "--%s needs --video SOURCE", dependent[i].name);
    TRY(refuse_own_source(options));
    job->source = options->video;
    job->annotate = options->annotate;
    job->drop = options->drop;
    job->rate = 25;
    if (options->track || options->tracking) {
        TRY(tracker_options_read(options->tracking, "--tracking", tracking));
        job->track = tracking;
    }
    if (options->fps)
        TRY(argument_number("fps", options->fps, &job->rate));
    if (job->rate <= 0 || job->rate > MOST_FPS)
        return status_fail(STATUS_USAGE, "--fps is %g, expected more than 0 and at most %g", job->rate, MOST_FPS);
    return STATUS_OK;
}

static void say_outcome(const video_outcome *o, bool tracked) {
    const latency *l = &o->latencies;
    fprintf(stderr, "detect: %lld frame%s, %lld detection%s", (long long)o->frames, o->frames == 1 ? "" : "s",
            (long long)o->found, o->found == 1 ? "" : "s");
    if (tracked)
        fprintf(stderr, ", %lld track%s", (long long)o->tracks, o->tracks == 1 ? "" : "s");
    if (o->dropped > 0)
        fprintf(stderr, ", %lld frame%s dropped", (long long)o->dropped, o->dropped == 1 ? "" : "s");
    if (o->frames > 0)
        fprintf(stderr, "; %.1f frames/s; latency %.1f ms (50 %%), %.1f ms (95 %%), %.1f ms (99 %%)",
                (double)o->frames / o->seconds, 1e3 * latency_percentile(l, 0.5), 1e3 * latency_percentile(l, 0.95),
                1e3 * latency_percentile(l, 0.99));
    fputc('\n', stderr);
}

static status open_lines(const live_options *options, int *out) {
    const char *path = options->lines;
    *out = -1;
    if (!path && options->annotate && !strcmp(options->annotate, "-"))
        return STATUS_OK;
    *out = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : STDOUT_FILENO;
    return *out >= 0 ? STATUS_OK : status_fail(STATUS_OUTPUT, "%s: cannot be written: %s", path, strerror(errno));
}

status detect_live_run(const live_options *options, video_job *job, video_outcome *outcome) {
    signal(SIGPIPE, SIG_IGN);
    TRY(open_lines(options, &job->lines));
    status result = detect_video(job, outcome);
    if (options->lines && close(job->lines) != 0 && result == STATUS_OK)
        result = status_fail(STATUS_OUTPUT, "%s: cannot be written: %s", options->lines, strerror(errno));
    if (outcome->nobody_reads) {
        signal(SIGPIPE, SIG_DFL);
        raise(SIGPIPE);
    }
    if (result != STATUS_USAGE && (result == STATUS_OK || outcome->frames > 0))
        say_outcome(outcome, job->track != NULL);
    return result;
}
