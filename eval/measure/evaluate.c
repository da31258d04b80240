#include "eval/measure/evaluate.h"

#include "core/base/clock.h"
#include "core/base/process.h"
#include "core/log/progress.h"
#include "eval/measure/quantile.h"
#include "eval/measure/score_map.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* What the reading thread is told and what it hands back. Messages belong to a thread, hence the copy. */
typedef struct reader {
    const dataset *data;
    const evaluate_options *options;
    int first, step, count; /* samples that are read */
    int index;
    sample result;
    status code;
    char message[1024];
    pthread_t thread;
} reader;

/* One evaluation. Of several processes rank 0 reads every sample, for it measures all of them. */
typedef struct scoring_run {
    const score_source *source;
    const evaluate_options *options;
    reader r;
    metrics *out;
    progress *bar; /* NULL: none */
    double *times; /* of this process's samples */
    int timed;
    float *received; /* score and logit of a sample of another rank */
    size_t room;     /* floats */
} scoring_run;

static void *reader_main(void *context) {
    reader *r = context;
    r->code = sample_read(r->data, r->index, &r->options->sample, &r->result);
    if (r->code != STATUS_OK) {
        strncpy(r->message, status_message(), sizeof r->message - 1);
        r->message[sizeof r->message - 1] = '\0';
    }
    return NULL;
}

static status reader_start(reader *r, int index) {
    r->index = index;
    r->result = (sample){0};
    if (pthread_create(&r->thread, NULL, reader_main, r) != 0)
        return status_fail(STATUS_MEMORY, "the thread that reads images cannot be started");
    return STATUS_OK;
}

/* Waits for the sample; the caller owns it. */
static status reader_finish(reader *r, sample *out) {
    pthread_join(r->thread, NULL);
    *out = r->result;
    return r->code == STATUS_OK ? STATUS_OK : status_fail(r->code, "%s", r->message);
}

static status measure(const scored_image *image, const char *name, const evaluate_options *options, metrics *out) {
    per_image alone;
    TRY(per_image_measure(image, &options->how, &alone));
    metrics_merge(out, &alone.counts);
    const image_watcher *watcher = options->watcher;
    status result = watcher ? watcher->see(watcher->context, name, image, &alone) : STATUS_OK;
    per_image_free(&alone);
    return result;
}

static bool is_own(const scoring_run *r, int index) {
    return index % peers_count(r->options->peers) == peers_rank(r->options->peers);
}

static status run_own(scoring_run *r, const sample *s, const char *name, detector_maps *maps) {
    double start = clock_seconds();
    status result = r->source->run(r->source->context, name, s, maps);
    r->times[r->timed++] = 1e3 * (clock_seconds() - start);
    if (result == STATUS_OK)
        result = score_map_check(maps->score, (size_t)maps->width * (size_t)maps->height);
    return result == STATUS_OK ? STATUS_OK : status_prefix(result, "%s", name);
}

static void send_maps(const scoring_run *r, const sample *s, const detector_maps *maps) {
    size_t pixels = (size_t)s->width * (size_t)s->height;
    peers_send(r->options->peers, 0, maps->score, pixels);
    if (r->source->has_logits)
        peers_send(r->options->peers, 0, maps->logit, pixels);
}

static status receive_maps(scoring_run *r, const sample *s, int from, detector_maps *maps) {
    size_t pixels = (size_t)s->width * (size_t)s->height;
    if (r->room < 2 * pixels) {
        free(r->received);
        r->room = 2 * pixels;
        r->received = malloc(r->room * sizeof *r->received);
    }
    if (!r->received) {
        r->room = 0;
        return status_fail(STATUS_MEMORY, "out of memory for a %dx%d map of another process", s->width, s->height);
    }
    *maps = (detector_maps){.width = s->width, .height = s->height, .score = r->received};
    peers_receive(r->options->peers, from, r->received, pixels);
    if (r->source->has_logits) {
        peers_receive(r->options->peers, from, r->received + pixels, pixels);
        maps->logit = r->received + pixels;
    }
    return STATUS_OK;
}

static status evaluate_sample(scoring_run *r, const sample *s, int index) {
    detector_maps maps;
    peers *p = r->options->peers;
    const char *name = dataset_sample_name(r->r.data, index);
    TRY(is_own(r, index) ? run_own(r, s, name, &maps) : receive_maps(r, s, index % peers_count(p), &maps));
    if (peers_rank(p) > 0) {
        send_maps(r, s, &maps);
        return STATUS_OK;
    }
    const scored_image image = {.width = s->width,
                                .height = s->height,
                                .score = maps.score,
                                .kind = r->source->kind,
                                .logit = maps.logit,
                                .label = s->label,
                                .image = s->image};
    return measure(&image, name, r->options, r->out);
}

/* The reader is always one sample ahead, except after the last. */
static status evaluate_all(scoring_run *run) {
    reader *r = &run->r;
    int count = r->count;
    if (count == 0)
        return STATUS_OK;
    TRY(reader_start(r, r->first));
    for (int i = 0; i < count; i++) {
        sample s;
        TRY(reader_finish(r, &s));
        status result = i + 1 < count ? reader_start(r, r->first + (i + 1) * r->step) : STATUS_OK;
        int reading = i + 1 < count && result == STATUS_OK;
        if (result == STATUS_OK)
            result = process_check_signals();
        if (result == STATUS_OK)
            result = evaluate_sample(run, &s, r->first + i * r->step);
        sample_free(&s);
        if (result != STATUS_OK) {
            if (reading) {
                pthread_join(r->thread, NULL);
                sample_free(&r->result);
            }
            return result;
        }
        if (run->bar)
            progress_update(run->bar, i + 1, NULL);
    }
    return STATUS_OK;
}

/* Of the samples that this process reads: all, or those of a rank. */
static reader reader_of(const dataset *data, const evaluate_options *options) {
    int rank = peers_rank(options->peers), ranks = peers_count(options->peers), count = dataset_count(data);
    if (rank == 0)
        return (reader){.data = data, .options = options, .step = 1, .count = count};
    return (reader){.data = data,
                    .options = options,
                    .first = rank,
                    .step = ranks,
                    .count = count > rank ? (count - rank + ranks - 1) / ranks : 0};
}

status evaluate_check(const score_source *source, const evaluate_options *options) {
    if (options->how.rule != RULE_LOGIT || source->has_logits)
        return STATUS_OK;
    return status_fail(STATUS_USAGE, "%s has no logits: the rule cannot be 'logit', only 'max' and the like",
                       source->name);
}

status evaluate_source(const score_source *source, const dataset *data, const evaluate_options *options, metrics *out,
                       double *ms_per_image) {
    *out = (metrics){0};
    int count = dataset_count(data);
    TRY(evaluate_check(source, options));
    if (count < 1)
        return status_fail(STATUS_INPUT, "%s: the split '%s' is empty", dataset_name(data), dataset_split(data));
    scoring_run r = {.source = source, .options = options, .r = reader_of(data, options), .out = out};
    r.times = malloc((size_t)count * sizeof *r.times);
    if (!r.times)
        return status_fail(STATUS_MEMORY, "out of memory for an evaluation");
    progress bar;
    if (options->label && peers_rank(options->peers) == 0) {
        progress_begin(&bar, options->label, "image", count);
        r.bar = &bar;
    }
    status result = evaluate_all(&r);
    if (r.bar)
        progress_end(r.bar);
    if (result == STATUS_OK && ms_per_image) {
        quantile_sort(r.times, r.timed);
        *ms_per_image = r.timed ? quantile(r.times, r.timed, 0.5) : 0;
    }
    free(r.times);
    free(r.received);
    return result;
}

static status run_detector(void *context, const char *name, const sample *s, detector_maps *maps) {
    (void)name;
    return detector_run(context, s->image, s->width, s->height, DETAIL_SCORE, maps);
}

score_source detector_source(detector *d) {
    score_kind kind = detector_score_kind(d);
    return (score_source){.name = detector_name(d),
                          .kind = kind,
                          .has_logits = kind == SCORE_PROBABILITY,
                          .run = run_detector,
                          .context = d};
}

status evaluate_dataset(detector *d, const dataset *data, const evaluate_options *options, metrics *out,
                        double *ms_per_image) {
    const score_source source = detector_source(d);
    return evaluate_source(&source, data, options, out, ms_per_image);
}
