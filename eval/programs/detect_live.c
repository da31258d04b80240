#include "eval/programs/detect_live.h"

#include "eval/programs/arguments.h"
#include "eval/video/ffmpeg_names.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define MOST_FPS 1e5

static status keep(const char *option, const char *path, const char *read) {
    return path && read && ffmpeg_names_meet(path, read)
               ? status_fail(STATUS_USAGE, "%s is read and would be lost: it cannot be %s too", path, option)
               : STATUS_OK;
}

/* A video that is read and written over would be lost, and so would the network. */
static status refuse_own_source(const live_options *options, const char *checkpoint) {
    TRY(keep("--annotate", options->annotate, options->video));
    TRY(keep("--annotate", options->annotate, checkpoint));
    TRY(keep("--lines", options->lines, options->video));
    TRY(keep("--lines", options->lines, checkpoint));
    const char *lines = options->lines, *video = options->annotate;
    bool meet = lines && video && (!strcmp(lines, "-") ? !strcmp(video, "-") : ffmpeg_names_meet(lines, video));
    return meet ? status_fail(STATUS_USAGE, "%s cannot be --lines and --annotate", lines) : STATUS_OK;
}

status detect_live_check(const live_options *options, const char *checkpoint, video_job *job,
                         tracker_options *tracking) {
    const struct {
        const char *name;
        bool given;
    } dependent[] = {{"fps", options->fps},     {"lines", options->lines},       {"drop", options->drop},
                     {"track", options->track}, {"tracking", options->tracking}, {"annotate", options->annotate}};
    for (size_t i = 0; i < sizeof dependent / sizeof *dependent; i++)
        if (dependent[i].given && !options->video)
            return status_fail(STATUS_USAGE, "--%s needs --video SOURCE", dependent[i].name);
    TRY(refuse_own_source(options, checkpoint));
    job->source = options->video;
    job->annotate = options->annotate;
    if (options->lines || !options->annotate || strcmp(options->annotate, "-") != 0)
        job->lines = options->lines ? options->lines : "-";
    job->drop = options->drop;
    job->rate = 25;
    if (options->track || options->tracking) {
        TRY(tracker_options_read(options->tracking, "--tracking", tracking));
        job->track = tracking;
    }
    if (options->fps)
        TRY(argument_number("--fps", options->fps, &job->rate));
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

status detect_live_run(video_job *job, video_outcome *outcome) {
    signal(SIGPIPE, SIG_IGN);
    status result = detect_video(job, outcome);
    if (outcome->nobody_reads) {
        signal(SIGPIPE, SIG_DFL);
        raise(SIGPIPE);
    }
    if (result != STATUS_USAGE && (result == STATUS_OK || outcome->frames > 0))
        say_outcome(outcome, job->track != NULL);
    return result;
}
