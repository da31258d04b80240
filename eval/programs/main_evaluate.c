/* evaluate: a detector's metrics on a split of a data set. */
#include "core/base/job.h"
#include "core/base/process.h"
#include "eval/measure/measured_data.h"
#include "eval/measure/operating_point.h"
#include "eval/measure/predictions.h"
#include "eval/measure/stored_threshold.h"
#include "eval/programs/arguments.h"
#include "eval/programs/evaluate_against.h"
#include "eval/programs/evaluate_arguments.h"
#include "eval/programs/evaluate_ways.h"
#include "eval/programs/shipped_weights.h"
#include "modules/checkpoint.h"

#include <math.h>
#include <stdio.h>

/* Everything of one run. */
typedef struct run_state {
    evaluate_arguments asked;
    evaluate_options how;
    double threshold; /* of the checkpoint, or of the rate of false alarms */
    engine *e;
    detector *d;
    predictions *p;
    dataset *set;
    score_source source;
    rival other; /* that --against names */
    interval intervals[METRICS];
    comparison comparisons[METRICS];
} run_state;

/* --- what is evaluated --- */

/* All processes of a job see the same; one says so. */
static void say(void *context, const char *remark) {
    const run_state *r = context;
    if (peers_rank(r->how.peers) == 0)
        fprintf(stderr, "evaluate: %s\n", remark);
}

static status open_data(run_state *r) {
    const evaluate_arguments *asked = &r->asked;
    grey_range given;
    TRY(argument_range(asked->range, asked->checkpoint, &given));
    return measured_data_open(&(measured_data){.path = asked->data,
                                               .split = asked->split,
                                               .range = &given,
                                               .checkpoint = asked->checkpoint,
                                               .against = r->other.checkpoint,
                                               .mask = r->how.sample.mask,
                                               .size = r->how.sample.size,
                                               .centred = r->how.sample.resizing == RESIZE_PILLOW,
                                               .words = {.range = "--range ", .mask = "--mask ", .size = "--size"},
                                               .say = say,
                                               .context = r},
                              &r->set);
}

static status say_if_not_averaged(run_state *r) {
    const char *checkpoint = r->asked.checkpoint;
    char remark[4200];
    bool averaged;
    snprintf(remark, sizeof remark, "%s has no averaged weights: --raw-weights changes nothing", checkpoint);
    TRY(checkpoint_has_average(checkpoint, &averaged));
    if (!averaged)
        say(r, remark);
    return STATUS_OK;
}

static status open_source(run_state *r, const char *const *settings, int count) {
    const evaluate_arguments *asked = &r->asked;
    char remark[2200];
    if (asked->predicted) {
        TRY(predictions_open(asked->predicted, r->set, r->how.sample.size, &r->p));
        if (predictions_remark(r->p, remark, sizeof remark))
            say(r, remark);
        r->source = predictions_source(r->p);
        return STATUS_OK;
    }
    TRY(argument_detector(r->e, asked->checkpoint, asked->raw_weights ? WEIGHTS_RAW : WEIGHTS_BEST, asked->method,
                          settings, count, &r->d));
    if (asked->raw_weights)
        TRY(say_if_not_averaged(r));
    detector_set_tiles(r->d, &asked->tiles);
    TRY(argument_precision(asked->precision ? asked->precision : "float", asked->checkpoint, r->d, remark,
                           sizeof remark));
    if (*remark)
        say(r, remark);
    r->source = detector_source(r->d);
    return STATUS_OK;
}

/* --- one evaluation --- */

static evaluation describe(const run_state *r) {
    return (evaluation){.method = r->d ? detector_name(r->d) : r->asked.predicted,
                        .dataset = dataset_name(r->set),
                        .split = dataset_split(r->set),
                        .params = r->d ? parameter_count_trained(detector_parameters(r->d)) : 0,
                        .options = r->how,
                        .ms_per_image = NAN,
                        .how_sure = r->asked.how_sure};
}

static status find_threshold(run_state *r) {
    double reached;
    if (!r->asked.has_rate)
        return STATUS_OK;
    TRY(operating_point_find(&r->source, r->set, &r->how, r->asked.rate, &r->threshold, &reached));
    r->how.how.threshold = &r->threshold;
    return STATUS_OK;
}

static status measure_rival(run_state *r) {
    return rival_measure(&r->other, r->set, r->asked.has_rate ? &r->asked.rate : NULL);
}

static status compare(run_state *r, evaluation *e) {
    rival *other = &r->other;
    TRY(measure_rival(r));
    TRY(bootstrap_compare(records_images(r->asked.files.kept), records_images(other->kept),
                          records_count(r->asked.files.kept), &e->how_sure, r->comparisons));
    e->against = r->comparisons;
    e->against_name = r->asked.against;
    e->against_threshold = scoring_threshold(&other->how.how);
    e->against_remark = metrics_remark(&other->counts);
    return STATUS_OK;
}

/* The first of several failures. */
typedef struct failure {
    status code;
    char message[1024];
} failure;

static void note(failure *first, status code) {
    if (first->code != STATUS_OK || code == STATUS_OK)
        return;
    first->code = code;
    snprintf(first->message, sizeof first->message, "%s", status_message());
}

/* What was measured is printed, whatever becomes of the comparison and the files. */
static status finish(run_state *r, evaluation *e) {
    failure first = {0};
    if (r->asked.against)
        note(&first, compare(r, e));
    note(&first, evaluate_outputs_write(&r->asked.files, e));
    note(&first, evaluation_print(e, r->asked.format, r->asked.extent, stdout));
    if (first.code != STATUS_OK)
        return status_fail(first.code, "%s", first.message);
    const char *remark = metrics_remark(&e->counts);
    if (remark)
        say(r, remark);
    if (e->against_remark) {
        char other[4400];
        snprintf(other, sizeof other, "%.4000s: %s", e->against_name, e->against_remark);
        say(r, other);
    }
    return STATUS_OK;
}

static status evaluate_one(run_state *r) {
    TRY(find_threshold(r));
    evaluation e = describe(r);
    TRY(evaluate_outputs_begin(&r->asked.files, &e, r->source.kind, dataset_count(r->set), e.how_sure.draws > 0));
    evaluate_options how = r->how;
    how.watcher = evaluate_outputs_watcher(&r->asked.files);
    TRY(evaluate_source(&r->source, r->set, &how, &e.counts, r->d ? &e.ms_per_image : NULL));
    char remark[256];
    if (r->asked.has_rate && operating_point_remark(r->asked.rate, e.counts.background_pixels, remark, sizeof remark))
        say(r, remark);
    if (e.how_sure.draws > 0) {
        TRY(bootstrap_intervals(records_images(r->asked.files.kept), records_count(r->asked.files.kept), &e.how_sure,
                                r->intervals));
        e.intervals = r->intervals;
    }
    return finish(r, &e);
}

/* Of evaluate_one what another process than the first does of it: its share of the images, as often as that asks. */
static status help_with_one(run_state *r) {
    metrics none;
    TRY(find_threshold(r));
    TRY(evaluate_source(&r->source, r->set, &r->how, &none, NULL));
    return r->asked.against ? measure_rival(r) : STATUS_OK;
}

/* Predictions by every rule. */
static status evaluate_all_ways(run_state *r) {
    evaluation like = describe(r);
    return evaluate_ways(&r->source, r->set, &like, r->asked.format, r->asked.extent, say, r);
}

/* A result that depends on the cuts is not given without a word. */
static void say_tiles(run_state *r) {
    char remark[128];
    double count = r->d ? (double)detector_cut_images(r->d) : 0;
    peers_sum(r->how.peers, &count, 1);
    snprintf(remark, sizeof remark, "%.0f image%s cut into tiles of %d, overlap %d (--tiles)", count,
             count == 1 ? " was" : "s were", r->asked.tiles.side, r->asked.tiles.overlap);
    if (count > 0)
        say(r, remark);
}

static status run(run_state *r, const char *const *settings, int count) {
    evaluate_arguments *asked = &r->asked;
    bool is_first = peers_rank(r->how.peers) == 0;
    TRY(evaluate_arguments_read(count, asked));
    if (asked->lists_weights)
        return is_first ? shipped_weights_print(stdout) : STATUS_OK;
    r->how.sample = asked->sample;
    r->how.how = asked->scoring;
    if (asked->has_threshold)
        r->how.how.threshold = &asked->threshold;
    if (asked->against)
        TRY(rival_find(asked->against, &r->other));
    if (asked->resizes_nothing)
        say(r, "--resize changes nothing: images and masks stay at their own size; --size N resizes them");
    TRY(engine_new(0, &r->e));
    TRY(open_data(r));
    TRY(open_source(r, settings, count));
    TRY(evaluate_check(&r->source, &r->how));
    if (asked->against)
        TRY(rival_open(&r->other, r->e, asked->against, asked->range, &asked->tiles, &r->how));
    TRY(stored_threshold_take(asked->checkpoint, &r->how.how, &r->threshold));
    if (is_first)
        TRY(evaluate_outputs_check(&asked->files, (const char *[]){asked->checkpoint, asked->against, asked->data}, 3));
    TRY(asked->all_ways ? evaluate_all_ways(r) : is_first ? evaluate_one(r) : help_with_one(r));
    say_tiles(r);
    return STATUS_OK;
}

int main(int argc, char **argv) {
    cli_action action = CLI_RUN;
    const char **settings;
    int count;
    static run_state r = {.how.label = "evaluate"};
    status result = job_open(&r.how.peers);
    if (result == STATUS_OK)
        result = cli_parse(evaluate_program(), argc, argv, &action, &settings, &count);
    process_begin_signals();
    if (result == STATUS_OK && action == CLI_RUN)
        result = run(&r, settings, count);
    rival_free(&r.other);
    evaluate_outputs_free(&r.asked.files);
    predictions_free(r.p);
    detector_free(r.d);
    engine_free(r.e);
    dataset_close(r.set);
    bool failed = result != STATUS_OK;
    if (failed)
        job_wait_for_first();
    int code = cli_finish(evaluate_program(), result);
    job_close(failed, code);
    return code;
}
