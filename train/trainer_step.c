#include "core/base/parallel.h"
#include "core/base/whole_numbers.h"
#include "train/trainer_private.h"

#include <math.h>
#include <string.h>

/* The teacher's score maps of a batch: they fall to 0 in weight, linearly over the run. */
static status teach(trainer *t, const batch *b, detector_batch *out) {
    size_t pixels = (size_t)b->size * (size_t)b->size;
    for (int i = 0; i < b->count; i++) {
        detector_maps maps;
        TRY(detector_run(t->teacher, b->images + (size_t)i * pixels, b->size, b->size, DETAIL_SCORE, &maps));
        memcpy(t->teacher_scores + (size_t)i * pixels, maps.score, pixels * sizeof *maps.score);
    }
    double left = 1 - (double)trainer_steps_done(t) / (double)trainer_steps(t);
    out->teacher = t->teacher_scores;
    out->teacher_weight = left * config_real(t->c, "train.teacher_weight");
    return STATUS_OK;
}

static status refuse_infinite(const trainer *t, const char *what, double value) {
    if (isfinite(value))
        return STATUS_OK;
    return status_fail(STATUS_NUMERIC,
                       "the %s became %g in epoch %lld, step %lld; a smaller train.learning_rate may help", what,
                       isnan(value) ? NAN : value, /* without its sign */
                       (long long)t->state.epoch + 1, (long long)t->state.step + 1);
}

/* A part that only another loss of the plan has is NaN. */
static void add_losses(train_state *s, const detector_loss *loss, const run_log *log, int count) {
    double parts[DETECTOR_LOSS_PARTS];
    for (int i = 0; i < DETECTOR_LOSS_PARTS; i++)
        parts[i] = NAN;
    for (int i = 0; i < loss->part_count; i++)
        parts[run_log_part(log, loss->parts[i].name)] = loss->parts[i].value;
    s->images += count;
    s->loss_sums[0] += loss->total * count;
    for (int i = 0; i < DETECTOR_LOSS_PARTS; i++)
        s->loss_sums[1 + i] += parts[i] * count;
}

/* The next batch, number `index` of `batches` that make a step on `images` images. Each weighs as much as it has of
 * them: the last one of an epoch may be smaller. */
static status add_gradients(trainer *t, int index, int batches, int images, double *loss_sum) {
    batch b;
    TRY(loader_next(t->batches, &b));
    if (t->sums)
        peers_set_batch(t->options->peers, b.whole);
    detector_batch own = {.images = b.images, .masks = b.masks, .count = b.count, .add = index > 0};
    own.weight = (double)b.whole / images;
    if (t->teacher)
        TRY(teach(t, &b, &own));
    if (t->sums && index + 1 == batches)
        own.listener = gradient_sums_begin(t->sums, own.add);
    detector_loss loss;
    TRY(detector_train_step(t->d, &own, &loss));
    if (own.listener)
        gradient_sums_finish(t->sums);
    TRY(refuse_infinite(t, "loss", loss.total));
    t->state.batch++;
    t->epoch_images += b.whole;
    add_losses(&t->state, &loss, t->log, b.whole);
    *loss_sum += loss.total;
    return STATUS_OK;
}

static status run_step(trainer *t, double *loss) {
    int done = (int)t->state.batch, size = (int)config_int(t->c, "train.batch_size");
    int batches = int_min(t->per_epoch - done, t->accumulate);
    int images = int_min(loader_samples_per_epoch(t->batches) - done * size, batches * size);
    int64_t number = trainer_epoch_step(t);
    *loss = 0;
    for (int i = 0; i < batches; i++)
        TRY(add_gradients(t, i, batches, images, loss));
    *loss /= batches;
    double norm = optimizer_gradient_norm(&t->optimizer);
    TRY(refuse_infinite(t, "gradients' norm", norm));
    optimizer_step(&t->optimizer, schedule_rate(&t->schedule, t->state.epoch, number), norm);
    if (trainer_averages(t))
        average_add(&t->average, optimizer_average(&t->optimizer));
    t->state.step++;
    t->state.epoch_steps++;
    t->state.norm_sum += norm;
    return STATUS_OK;
}

typedef struct step_job {
    trainer *t;
    double *loss;
    status result;
} step_job;

static void run_in_region(void *context) {
    step_job *job = context;
    job->result = run_step(job->t, job->loss);
}

/* In one region: at the end of each the threads wait for one another, longer than a step on small crops takes where
 * another program has a processor. */
status trainer_step(trainer *t, double *loss) {
    step_job job = {.t = t, .loss = loss};
    parallel_region(t->engine, run_in_region, &job);
    return job.result;
}
