#include "train/trainer.h"

#include "core/file_io.h"
#include "core/peak.h"
#include "core/progress.h"
#include "core/runtime.h"
#include "datasets/augment.h"
#include "datasets/loader.h"
#include "eval/evaluate.h"
#include "modules/detector.h"
#include "train/optimizer.h"
#include "train/run_log.h"
#include "train/schedule.h"
#include "train/train_state.h"
#include "train/training_data.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PEAK_SECONDS 0.05

static volatile sig_atomic_t interrupted;

void trainer_interrupt(void) {
    interrupted = 1;
}

/* Everything of one run; freed together. */
typedef struct trainer {
    const config *c;
    const train_options *options;
    char last[4096], best[4096];
    detector *d;
    training_data data;
    loader *batches;
    optimizer optimizer;
    schedule schedule;
    run_log *log;
    train_state state;
    int64_t epochs, total_steps;
    int per_epoch;
    int phase;            /* of the network that the training graph is laid out for; -1: none yet */
    bool crops;           /* the graph and the batches are those of train.crop_epochs */
    double epoch_seconds; /* spent on the epoch begun, since this process started it */
    double epoch_images;
    double peak; /* FLOP/s, see peak.h; the best one measured so far */
} trainer;

static int training_size(const trainer *t) {
    return (int)config_int(t->c, t->crops ? "train.crop_size" : "data.size");
}

static status open_batches(trainer *t) {
    loader_options options = {.batch_size = (int)config_int(t->c, "train.batch_size"),
                              .size = training_size(t),
                              .augment = training_augmentation(t->c, t->crops),
                              .weights = t->data.weights,
                              .keep_order = !config_flag(t->c, "data.shuffle"),
                              .drop_last = config_flag(t->c, "data.drop_last"),
                              .seed = (uint64_t)config_int(t->c, "train.seed")};
    loader_free(t->batches);
    TRY(loader_new(t->data.train, &options, &t->batches));
    return loader_seek(t->batches, t->state.epoch, (int)t->state.batch);
}

static status open_network(trainer *t) {
    TRY(detector_new(t->c, (uint64_t)config_int(t->c, "train.seed"), &t->d));
    optimizer_options options = {.rule = optimizer_find(config_text(t->c, "train.optimizer")),
                                 .momentum = config_real(t->c, "train.momentum"),
                                 .weight_decay = config_real(t->c, "train.weight_decay")};
    if (!options.rule)
        return STATUS_USAGE;
    return optimizer_new(detector_parameters(t->d), &options, &t->optimizer);
}

/* Lays out the batches and the training graph, and anew when an epoch begins another phase, or the first on whole
 * images. */
static status begin_phase(trainer *t) {
    int phase = detector_phase(t->d, t->state.epoch);
    bool crops = t->state.epoch < config_int(t->c, "train.crop_epochs");
    if (phase == t->phase && crops == t->crops)
        return STATUS_OK;
    t->phase = phase;
    t->crops = crops;
    TRY(open_batches(t));
    int size = training_size(t);
    bool recompute = !strcmp(config_text(t->c, "train.checkpointing"), "stage");
    return detector_begin_training(t->d, &(detector_training){.batch_size = (int)config_int(t->c, "train.batch_size"),
                                                              .width = size,
                                                              .height = size,
                                                              .phase = phase,
                                                              .step = t->state.step,
                                                              .eta = config_real(t->c, "train.eta"),
                                                              .recompute = recompute});
}

static status write_resolved_config(const trainer *t) {
    char path[4096], *text = NULL;
    size_t size = 0;
    TRY(path_join(path, t->options->folder, "config", ".ini"));
    FILE *stream = open_memstream(&text, &size);
    if (!stream)
        return status_fail(STATUS_MEMORY, "out of memory for %s", path);
    status result = config_write(t->c, stream);
    fclose(stream);
    if (result == STATUS_OK)
        result = file_write(path, text, size);
    free(text);
    return result;
}

static status open_folder(trainer *t) {
    const char *folder = t->options->folder;
    TRY(path_join(t->last, folder, "last", ".h5"));
    TRY(path_join(t->best, folder, "best", ".h5"));
    bool has_run = path_is_file(t->last);
    if (has_run && !t->options->resume)
        return status_fail(STATUS_USAGE,
                           "%s holds a run already: continue it with --resume, or name another folder "
                           "with --out",
                           folder);
    if (has_run)
        TRY(train_state_load(t->last, t->d, t->c, &t->optimizer, &t->state));
    TRY(begin_phase(t));
    t->per_epoch = loader_batches_per_epoch(t->batches);
    t->total_steps = t->epochs * t->per_epoch;
    TRY(schedule_read(t->c, t->per_epoch, &t->schedule));
    TRY(folder_create(folder));
    TRY(write_resolved_config(t));
    return run_log_open(folder, t->d, has_run, t->state.epoch, &t->log);
}

static status save(trainer *t, const char *path) {
    return train_state_save(path, t->d, t->c, &t->optimizer, &t->state);
}

static status step(trainer *t, detector_loss *loss) {
    batch b;
    TRY(loader_next(t->batches, &b));
    TRY(detector_train_step(t->d, &(detector_batch){.images = b.images, .masks = b.masks, .count = b.count}, loss));
    if (!isfinite(loss->total))
        return status_fail(STATUS_NUMERIC,
                           "the loss became %g in epoch %lld, step %lld; a smaller train.learning_rate may help",
                           loss->total, (long long)t->state.epoch + 1, (long long)t->state.step + 1);
    optimizer_step(&t->optimizer, schedule_rate(&t->schedule, t->state.step));
    t->state.step++;
    t->state.batch++;
    t->state.images += b.count;
    t->epoch_images += b.count;
    t->state.loss_sums[0] += loss->total * b.count;
    for (int i = 0; i < loss->part_count; i++)
        t->state.loss_sums[1 + i] += loss->parts[i].value * b.count;
    return STATUS_OK;
}

/* The steps of one epoch, from wherever it stands. */
static status train_epoch(trainer *t, progress *bar) {
    TRY(begin_phase(t));
    double start = clock_seconds();
    t->epoch_images = 0;
    while (t->state.batch < t->per_epoch) {
        detector_loss loss;
        TRY(step(t, &loss));
        char note[64];
        snprintf(note, sizeof note, "epoch %lld, loss %.4f", (long long)t->state.epoch + 1, loss.total);
        progress_update(bar, t->state.step, note);
        if (interrupted) {
            interrupted = 0; /* heard */
            TRY(save(t, t->last));
            return status_fail(STATUS_INTERRUPTED, "interrupted; `--resume` goes on from step %lld of %lld",
                               (long long)t->state.step, (long long)t->total_steps);
        }
    }
    t->epoch_seconds = clock_seconds() - start;
    return STATUS_OK;
}

static status evaluate(trainer *t, epoch_row *row, train_report *report) {
    int size = augment_whole_size(training_augmentation(t->c, false).kind, (int)config_int(t->c, "data.size"));
    evaluate_options options = {.size = size};
    metrics m;
    double ms;
    TRY(evaluate_dataset(t->d, t->data.validation, &options, &m, &ms));
    metrics_summary s = metrics_summarize(&m);
    row->miou = report->miou = s.miou;
    row->niou = s.niou;
    row->f1 = s.f1;
    row->pd = report->pd = s.pd;
    row->fa = report->fa = s.fa;
    if (s.miou > t->state.best_miou) {
        t->state.best_miou = s.miou;
        t->state.best_epoch = t->state.epoch;
        report->is_best = true;
    }
    return STATUS_OK;
}

/* Counts the epoch as done, evaluates when it is time, logs, saves. A crash in between repeats the epoch. */
static status finish_epoch(trainer *t, progress *bar) {
    train_state *s = &t->state;
    s->epoch++;
    s->batch = 0;
    epoch_row row = {.epoch = s->epoch,
                     .step = s->step,
                     .learning_rate = schedule_rate(&t->schedule, s->step - 1),
                     .images_per_second = t->epoch_images / t->epoch_seconds,
                     .miou = NAN,
                     .niou = NAN,
                     .f1 = NAN,
                     .pd = NAN,
                     .fa = NAN};
    for (int i = 0; i <= detector_loss_part_count(t->d); i++)
        row.losses[i] = s->loss_sums[i] / s->images;
    memset(s->loss_sums, 0, sizeof s->loss_sums);
    s->images = 0;
    t->peak = fmax(t->peak, peak_flops(PEAK_SECONDS)); /* another process may have had the processor the last time */
    train_report report = {.epoch = s->epoch,
                           .epochs = t->epochs,
                           .loss = row.losses[0],
                           .miou = NAN,
                           .pd = NAN,
                           .fa = NAN,
                           .images_per_second = row.images_per_second,
                           .peak_share = row.images_per_second * detector_training_flops(t->d) / t->peak};
    if (s->epoch % config_int(t->c, "train.evaluate_every") == 0 || s->epoch == t->epochs)
        TRY(evaluate(t, &row, &report));
    TRY(run_log_add(t->log, &row));
    if (report.is_best)
        TRY(save(t, t->best));
    TRY(save(t, t->last));
    if (t->options->on_epoch) {
        progress_end(bar);
        t->options->on_epoch(t->options->context, &report);
    }
    return STATUS_OK;
}

static status run(trainer *t) {
    t->epochs = config_int(t->c, "train.epochs");
    t->state.best_miou = -1;
    runtime_set_threads((int)config_int(t->c, "train.threads"));
    TRY(training_data_open(t->c, t->options->on_notice, t->options->context, &t->data));
    TRY(open_network(t));
    TRY(open_folder(t));
    progress bar;
    progress_begin(&bar, "training", "step", t->total_steps);
    status result = STATUS_OK;
    while (t->state.epoch < t->epochs && result == STATUS_OK) {
        result = train_epoch(t, &bar);
        if (result == STATUS_OK)
            result = finish_epoch(t, &bar);
    }
    progress_end(&bar);
    return result;
}

status trainer_run(const config *c, const train_options *options) {
    trainer t = {.c = c, .options = options, .phase = -1};
    status result = run(&t);
    run_log_close(t.log);
    loader_free(t.batches); /* its thread reads from the data sets */
    training_data_close(&t.data);
    optimizer_free(&t.optimizer);
    detector_free(t.d);
    return result;
}
