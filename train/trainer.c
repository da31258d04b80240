#include "train/trainer.h"

#include "core/base/clock.h"
#include "core/base/memory_left.h"
#include "core/io/file_io.h"
#include "core/tensor/peak.h"
#include "train/trainer_private.h"

#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_PEAK_SECONDS 0.05

static _Atomic bool interrupted; /* lock-free: a signal handler sets it */

void trainer_interrupt(void) {
    interrupted = true;
}

bool trainer_is_interrupted(void) {
    return interrupted;
}

status trainer_interrupted(const trainer *t) {
    interrupted = false; /* heard */
    return status_fail(STATUS_INTERRUPTED, "interrupted; `--resume` goes on from step %lld of %lld",
                       (long long)trainer_steps_done(t), (long long)trainer_steps(t));
}

static status open_batches(trainer *t) {
    loader_options options = {.batch_size = (int)config_int(t->c, "train.batch_size"),
                              .size = t->size,
                              .augment = training_augmentation(t->c, t->crop > 0),
                              .weights = t->data.weights,
                              .keep_order = !config_flag(t->c, "data.shuffle"),
                              .drop_last = config_flag(t->c, "data.drop_last"),
                              .seed = (uint64_t)config_int(t->c, "train.seed"),
                              .rank = peers_rank(t->options->peers),
                              .ranks = peers_count(t->options->peers)};
    loader_free(t->batches);
    TRY(loader_new(t->data.train, &options, &t->batches));
    return loader_seek(t->batches, t->state.epoch, (int)t->state.batch);
}

static detector_training training_of(const trainer *t, const planned_loss *loss) {
    int first, ranks = peers_count(t->options->peers);
    int most = peers_share((int)config_int(t->c, "train.batch_size"), 0, ranks, &first);
    return (detector_training){.batch_size = most,
                               .width = t->size,
                               .height = t->size,
                               .phase = t->phase,
                               .eta = config_real(t->c, "train.eta"),
                               .recompute = !strcmp(config_text(t->c, "train.checkpointing"), "stage"),
                               .running_norms = t->running_norms,
                               .fast = !strcmp(config_text(t->c, "train.arithmetic"), "fast"),
                               .loss = loss->text,
                               .loss_key = loss->key,
                               .deep_supervision = config_real(t->c, "train.deep_supervision"),
                               .teacher = t->teacher};
}

/* PyTorch refuses a batch of one image where a norm sees one value of each channel. */
static void say_if_alone(trainer *t) {
    int norms = detector_pooled_norms(t->d), size = (int)config_int(t->c, "train.batch_size");
    bool last = !config_flag(t->c, "data.drop_last") && loader_samples_per_epoch(t->batches) % size == 1;
    if (t->told_of_pooled_norms || norms == 0 || (size > 1 && !last))
        return;
    t->told_of_pooled_norms = true;
    trainer_say(t,
                "%s: %d of its batch norms see one value of an image, and of a batch of one image make a constant, "
                "whatever it shows; %s",
                detector_name(t->d), norms,
                size > 1 ? "the last batch of each epoch is one: data.drop_last = true leaves it out"
                         : "train.batch_size must be more than 1");
}

/* Lays out the batches and the training graph, and anew when an epoch begins another phase, another loss, or other
 * sizes. */
static status begin_phase(trainer *t) {
    int phase = detector_phase(t->d, t->state.epoch);
    int crop = crop_plan_size(&t->crops, t->state.epoch);
    const planned_loss *loss = loss_plan_at(&t->losses, t->state.epoch);
    bool running_norms = t->state.epoch >= config_int(t->c, "train.norm_epochs");
    if (phase == t->phase && crop == t->crop && loss == t->loss && running_norms == t->running_norms)
        return STATUS_OK;
    t->phase = phase;
    detector_set_phase(t->d, phase);
    t->running_norms = running_norms;
    t->loss = loss;
    t->crop = crop;
    t->size = crop > 0 ? crop : (int)config_int(t->c, "data.size");
    TRY(open_batches(t));
    detector_training training = training_of(t, loss);
    training.step = t->state.epoch * loader_batches_per_epoch(t->batches) + t->state.batch;
    TRY(detector_begin_training(t->d, &training));
    say_if_alone(t);
    return STATUS_OK;
}

static status lay_out_largest(trainer *t) {
    detector_training training = training_of(t, &t->losses.losses[0]);
    training.width = training.height = (int)config_int(t->c, "data.size");
    training.phase = detector_last_phase(t->d);
    return detector_begin_training(t->d, &training);
}

/* Whoever starts a run of hours is to know before the first epoch on whole images that it cannot be held: where the run
 * begins with less, its largest graph is laid out for a moment. */
static status compare_memory(trainer *t) {
    int64_t epoch = t->state.epoch;
    bool begins_with_less =
        crop_plan_size(&t->crops, epoch) > 0 || detector_phase(t->d, epoch) != detector_last_phase(t->d);
    TRY(begins_with_less ? lay_out_largest(t) : begin_phase(t));
    const double gib = 1 << 30;
    double needed = t->memory = (double)detector_memory(t->d), left = (double)memory_left("");
    if (needed > left)
        trainer_say(
            t,
            "a step takes %.1f GiB, and %.1f are available: train.checkpointing = stage takes less and changes "
            "no result; so does a smaller train.batch_size with more to train.accumulate, but for norms and for "
            "losses pooled over the batch",
            needed / gib, left / gib);
    return STATUS_OK;
}

static status open_log(trainer *t, bool resume) {
    run_log_options options = {
        .averages = trainer_averages(t), .resume = resume, .last = t->state.epoch, .parts = t->parts};
    return run_log_open(trainer_writes(t) ? t->options->folder : NULL, &options, &t->log);
}

/* Every loss of the plan is read before any is trained. */
static status name_losses(trainer *t) {
    detector_training trainings[LOSS_PLAN_LENGTH];
    for (int i = 0; i < t->losses.count; i++)
        trainings[i] = training_of(t, &t->losses.losses[i]);
    return detector_loss_parts(t->d, trainings, t->losses.count, &t->parts);
}

static void begin_sums_anew(train_state *s) {
    memset(s->loss_sums, 0, sizeof s->loss_sums);
    s->images = s->norm_sum = 0;
    s->epoch_steps = 0;
}

/* Which images an epoch has had says the number of its batches, as long as the data are the same. */
static void begin_epoch_anew(trainer *t) {
    train_state *s = &t->state;
    if (s->batch > 0)
        trainer_say(t, "the training data have changed: epoch %lld begins anew", (long long)s->epoch + 1);
    s->batch = 0;
    begin_sums_anew(s);
}

/* The run's state, from its folder if it has been begun. */
static status open_state(trainer *t) {
    const char *folder = t->options->folder;
    TRY(path_join(t->last, folder, "last", ".h5"));
    TRY(path_join(t->best, folder, "best", ".h5"));
    bool has_run = trainer_first_says(t, path_is_file(t->last));
    if (has_run && !t->options->resume)
        return status_fail(STATUS_USAGE,
                           "%s holds a run already: continue it with --resume, or name another folder "
                           "with --out",
                           folder);
    if (!has_run && t->options->resume)
        return status_fail(STATUS_USAGE, "%s: nothing to resume: the folder holds no last.h5", folder);
    if (has_run)
        TRY(trainer_take_folder(t, has_run));
    TRY(has_run ? train_state_load(t->last, t->d, t->c, &t->optimizer, &t->average, &t->state)
                : trainer_begin_weights(t));
    if (t->state.data_changed)
        begin_epoch_anew(t);
    trainer_forget_other_best(t);
    TRY(name_losses(t));
    TRY(compare_memory(t));
    TRY(begin_phase(t));
    t->per_epoch = loader_batches_per_epoch(t->batches);
    t->accumulate = (int)config_int(t->c, "train.accumulate");
    return trainer_open_schedule(t);
}

static status begin_folder(trainer *t) {
    bool has_run = t->options->resume;
    TRY(trainer_take_folder(t, has_run));
    TRY(trainer_write_config(t));
    return open_log(t, has_run);
}

/* The steps of one epoch, from wherever it stands. */
static status train_epoch(trainer *t, progress *bar) {
    TRY(begin_phase(t));
    t->epoch_begun = clock_seconds();
    t->epoch_images = 0;
    while (t->state.batch < t->per_epoch) {
        double loss;
        TRY(trainer_step(t, &loss));
        char note[64];
        snprintf(note, sizeof note, "epoch %lld, loss %.4f", (long long)t->state.epoch + 1, loss);
        bar->left = trainer_seconds_left(t);
        progress_update(bar, trainer_steps_done(t), note);
        bool stop = interrupted, saves = trainer_save_is_due(t);
        trainer_agree(t, &stop, &saves);
        if (stop || saves)
            TRY(trainer_save_last(t));
        if (stop)
            return trainer_interrupted(t);
    }
    t->epoch_seconds = clock_seconds() - t->epoch_begun;
    return STATUS_OK;
}

/* Of the epoch just done; its sums begin anew. */
static epoch_row row_of_epoch(trainer *t) {
    train_state *s = &t->state;
    epoch_metrics none;
    for (int id = 0; id < METRICS; id++)
        none.values[id] = NAN;
    epoch_row row = {.epoch = s->epoch,
                     .step = s->step,
                     .learning_rate = schedule_rate(&t->schedule, s->epoch - 1, t->schedule.steps_per_epoch - 1),
                     .gradient_norm = s->norm_sum / (double)s->epoch_steps,
                     /* nothing of it, if a resumed run has only the evaluation left to do */
                     .images_per_second = t->epoch_images > 0 ? t->epoch_images / t->epoch_seconds : NAN,
                     .used = none,
                     .raw = none};
    for (int i = 0; i <= DETECTOR_LOSS_PARTS; i++)
        row.losses[i] = s->loss_sums[i] / s->images;
    begin_sums_anew(s);
    return row;
}

static void report_epoch(trainer *t, const epoch_row *row, bool is_best) {
    if (!t->options->on_epoch || !trainer_writes(t))
        return;
    /* Again, because another process may have had the processor the last time; for longer after longer epochs. */
    t->peak = fmax(t->peak, peak_flops(t->engine, fmin(MOST_PEAK_SECONDS, row->seconds / 20)));
    train_report report = {.row = row,
                           .log = run_log_options_of(t->log),
                           .epochs = t->epochs,
                           .peak_share = row->images_per_second * detector_training_flops(t->d) /
                                         (t->peak * peers_count(t->options->peers)),
                           .rest = trainer_seconds_left(t),
                           .remark = isnan(row->used.values[METRIC_miou]) ? NULL : metrics_remark(&t->evaluated.counts),
                           .is_best = is_best};
    t->options->on_epoch(t->options->context, &report);
}

/* Counts the epoch as done, evaluates when it is time, logs, saves. The epoch's steps are saved before, so that neither
 * a crash in an evaluation nor an interruption of it costs more than the evaluation. */
static status finish_epoch(trainer *t, progress *bar) {
    train_state *s = &t->state;
    bool is_best = false,
         evaluates = (s->epoch + 1) % config_int(t->c, "train.evaluate_every") == 0 || s->epoch + 1 == t->epochs;
    TRY(trainer_compare(t));
    if (evaluates)
        TRY(trainer_save_last(t));
    s->epoch++;
    s->batch = 0;
    epoch_row row = row_of_epoch(t);
    if (evaluates)
        TRY(trainer_evaluate(t, &row, &is_best));
    row.seconds = clock_seconds() - t->epoch_begun;
    TRY(run_log_add(t->log, &row));
    if (evaluates && trainer_writes(t))
        TRY(trainer_show(t));
    TRY(is_best ? trainer_save_best_and_last(t) : trainer_save_last(t));
    progress_end(bar);
    report_epoch(t, &row, is_best);
    return STATUS_OK;
}

/* train.patience */
static bool gives_up(const trainer *t) {
    int64_t patience = config_int(t->c, "train.patience");
    if (patience == 0 || t->state.idle_evaluations < patience)
        return false;
    trainer_say(t, "stopped after epoch %lld: %lld evaluations were no better than that of epoch %lld",
                (long long)t->state.epoch, (long long)t->state.idle_evaluations, (long long)t->state.best_epoch);
    return true;
}

/* What best.h5 is, and whether anyone may still believe its figures. */
static void say_what_is_best(const trainer *t) {
    const train_state *s = &t->state;
    if (s->best_epoch > 0)
        trainer_say(t, "best.h5 is epoch %lld, chosen by %s%s", (long long)s->best_epoch, s->selection,
                    t->data.validates_on_test ? ", so that its figures there flatter it: last.h5 is not chosen, and "
                                                "data.holdout would choose on other images"
                                              : "");
}

static void say_if_nothing_is_learnt(const trainer *t) {
    const char *remark = metrics_remark(&t->evaluated.counts);
    if (remark)
        trainer_say(t, "%s; docs/training.md, \"When nothing is learnt\", has the usual reasons", remark);
}

/* As MSHNet, whose head of all scales is trained after model.warm_epochs only. */
static void say_if_untrained(const trainer *t) {
    if (detector_phase(t->d, t->state.epoch - 1) != detector_last_phase(t->d))
        trainer_say(t,
                    "the training ended before the last phase of %s: part of what its checkpoints detect with is not "
                    "trained; train.epochs must be more",
                    detector_name(t->d));
}

/* What was asked for and no epoch comes to, while a run of hours can still be stopped. */
static void say_what_never_comes(const trainer *t) {
    int64_t epochs = t->epochs;
    const planned_loss *last = &t->losses.losses[t->losses.count - 1];
    if (crop_plan_size(&t->crops, epochs - 1) > 0)
        trainer_say(t,
                    "no epoch is on whole images: the %.100s of train.crop_epochs are all that train.epochs = %lld has",
                    config_text(t->c, "train.crop_epochs"), (long long)epochs);
    if (last->first_epoch >= epochs)
        trainer_say(t, "train.loss_after: no epoch has the loss behind epoch %lld, of train.epochs = %lld",
                    (long long)last->first_epoch, (long long)epochs);
}

/* Everything that the epochs need; what can be checked before them is. */
static status open_run(trainer *t) {
    t->epochs = config_int(t->c, "train.epochs");
    t->state.best_score = TRAINER_NO_SCORE;
    TRY(trainer_check_peers(t));
    TRY(engine_new((int)config_int(t->c, "train.threads"), &t->engine));
    engine_set_peers(t->engine, t->options->peers);
    TRY(crop_plan_read(t->c, &t->crops));
    TRY(loss_plan_read(t->c, &t->losses));
    say_what_never_comes(t);
    TRY(training_data_open(t->c, trainer_writes(t) ? t->options->on_notice : NULL, t->options->context, &t->data));
    snprintf(t->state.selection, sizeof t->state.selection, "%s on %s", config_text(t->c, "train.select"),
             t->data.validated_on);
    t->state.train = t->data.train_content;
    t->state.validation = t->data.validation_content;
    t->state.view = trained_view_of(&t->data.train_sizes, trainer_evaluate_options(t).sample.size);
    TRY(trainer_open_network(t));
    if (t->options->peers)
        TRY(gradient_sums_new(t->options->peers, detector_parameters(t->d), &t->sums));
    TRY(trainer_open_teacher(t));
    TRY(open_state(t));
    return trainer_compare(t);
}

static status train_epochs(trainer *t) {
    progress bar;
    progress_begin(&bar, "training", "step", trainer_steps(t));
    progress_resume(&bar, trainer_steps_done(t));
    bar.enabled = bar.enabled && trainer_writes(t);
    t->begun = t->saved = clock_seconds();
    t->counted = clock_processor_seconds();
    t->begun_work = trainer_work_done(t);
    status result = STATUS_OK;
    while (t->state.epoch < t->epochs && result == STATUS_OK && !gives_up(t)) {
        result = train_epoch(t, &bar);
        if (result == STATUS_OK)
            result = finish_epoch(t, &bar);
    }
    progress_end(&bar);
    status drawn = run_log_draw(t->log);
    TRY(result);
    return drawn;
}

static status run(trainer *t) {
    TRY(open_run(t));
    if (t->options->plan) {
        trainer_describe(t, t->options->plan);
        return STATUS_OK;
    }
    TRY(begin_folder(t));
    TRY(train_epochs(t));
    say_if_untrained(t);
    say_what_is_best(t);
    say_if_nothing_is_learnt(t);
    return trainer_writes(t) ? trainer_store_thresholds(t) : STATUS_OK;
}

status trainer_run(const config *c, const train_options *options) {
    trainer t = {.c = c, .options = options, .phase = -1};
    status result = run(&t);
    folder_lock_release(&t.lock);
    run_log_close(t.log);
    gallery_free(t.seen);
    loader_free(t.batches); /* its thread reads from the data sets */
    training_data_close(&t.data);
    average_free(&t.average);
    gradient_sums_free(t.sums);
    optimizer_free(&t.optimizer);
    detector_free(t.teacher);
    free(t.teacher_scores);
    detector_free(t.d);
    engine_free(t.engine);
    return result;
}
