#include "eval/measure/evaluate.h"

#include "core/base/process.h"
#include "core/log/progress.h"
#include "eval/measure/quantile.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* What the reading thread is told and what it hands back. Messages belong to a thread, hence the copy. */
typedef struct reader {
    const dataset *data;
    const evaluate_options *options;
    int first, count; /* samples that are scored */
    int index;
    sample result;
    status code;
    char message[1024];
    pthread_t thread;
} reader;

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

static status check_finite(const detector_maps *maps, const char *name) {
    size_t pixels = (size_t)maps->width * (size_t)maps->height;
    for (size_t i = 0; i < pixels; i++)
        if (!isfinite(maps->score[i]))
            return status_fail(STATUS_NUMERIC, "%s: the score map holds a value that is not finite", name);
    return STATUS_OK;
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

static status evaluate_sample(const score_source *source, const sample *s, const char *name,
                              const evaluate_options *options, metrics *out, double *ms) {
    detector_maps maps;
    double start = clock_seconds();
    status result = source->run(source->context, name, s, &maps);
    *ms = 1e3 * (clock_seconds() - start);
    if (result != STATUS_OK)
        return status_prefix(result, "%s", name);
    TRY(check_finite(&maps, name));
    const scored_image image = {.width = s->width,
                                .height = s->height,
                                .score = maps.score,
                                .kind = source->kind,
                                .logit = maps.logit,
                                .label = s->label,
                                .image = s->image};
    return measure(&image, name, options, out);
}

/* The reader is always one sample ahead, except after the last. */
static status evaluate_all(const score_source *source, reader *r, metrics *out, double *times, progress *bar) {
    int count = r->count;
    if (count == 0)
        return STATUS_OK;
    TRY(reader_start(r, r->first));
    for (int i = 0; i < count; i++) {
        sample s;
        TRY(reader_finish(r, &s));
        status result = i + 1 < count ? reader_start(r, r->first + i + 1) : STATUS_OK;
        int reading = i + 1 < count && result == STATUS_OK;
        if (result == STATUS_OK)
            result = process_check_signals();
        if (result == STATUS_OK)
            result =
                evaluate_sample(source, &s, dataset_sample_name(r->data, r->first + i), r->options, out, &times[i]);
        sample_free(&s);
        if (result != STATUS_OK) {
            if (reading) {
                pthread_join(r->thread, NULL);
                sample_free(&r->result);
            }
            return result;
        }
        if (bar)
            progress_update(bar, i + 1, NULL);
    }
    return STATUS_OK;
}

status evaluate_source(const score_source *source, const dataset *data, const evaluate_options *options, metrics *out,
                       double *ms_per_image) {
    *out = (metrics){0};
    int count = dataset_count(data);
    if (options->how.rule == RULE_LOGIT && !source->has_logits)
        return status_fail(STATUS_USAGE, "%s has no logits: the rule cannot be 'logit', only 'max' and the like",
                           source->name);
    if (count < 1)
        return status_fail(STATUS_INPUT, "%s: the split '%s' is empty", dataset_name(data), dataset_split(data));
    double *times = malloc((size_t)count * sizeof *times);
    if (!times)
        return status_fail(STATUS_MEMORY, "out of memory for an evaluation");
    reader r = {.data = data, .options = options};
    r.count = peers_share(count, options->rank, options->ranks ? options->ranks : 1, &r.first);
    progress bar;
    if (options->label)
        progress_begin(&bar, options->label, "image", r.count);
    status result = evaluate_all(source, &r, out, times, options->label ? &bar : NULL);
    if (options->label)
        progress_end(&bar);
    if (result == STATUS_OK && ms_per_image) {
        quantile_sort(times, r.count);
        *ms_per_image = r.count ? quantile(times, r.count, 0.5) : 0;
    }
    free(times);
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
