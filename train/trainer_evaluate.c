#include "train/trainer_private.h"

#include "core/io/file_io.h"

evaluate_options trainer_evaluate_options(const trainer *t) {
    augmentation kind = training_augmentation(t->c, false).kind;
    return (evaluate_options){.sample.size = augment_whole_size(kind, (int)config_int(t->c, "data.size"))};
}

static status stop_if_interrupted(void *context, const char *name, const scored_image *image,
                                  const per_image *outcome) {
    (void)name;
    (void)image;
    (void)outcome;
    return trainer_is_interrupted() ? trainer_interrupted(context) : STATUS_OK;
}

static status evaluate(trainer *t, epoch_metrics *out) {
    image_watcher watcher = {stop_if_interrupted, t};
    evaluate_options options = trainer_evaluate_options(t);
    options.watcher = &watcher;
    metrics m;
    double ms;
    TRY(evaluate_dataset(t->d, t->data.validation, &options, &m, &ms));
    for (int id = 0; id < METRICS; id++)
        out->values[id] = metric_value((metric_id)id, &m);
    return STATUS_OK;
}

/* What is no longer there must not keep a worse one from taking its place. */
static void forget_missing_best(trainer *t) {
    train_state *s = &t->state;
    if (s->best_epoch == 0 || path_is_file(t->best))
        return;
    trainer_say(t, "%s, of epoch %lld, is gone: the best is chosen anew from epoch %lld on", t->best,
                (long long)s->best_epoch, (long long)s->epoch);
    s->best_score = TRAINER_NO_SCORE;
    s->best_epoch = 0;
}

/* The metric that train.select names, such that more is better. */
static double score_of(const trainer *t, const epoch_metrics *m) {
    metric_id id = metric_find(config_text(t->c, "train.select"));
    return metric_is_error(id) ? -m->values[id] : m->values[id];
}

status trainer_evaluate(trainer *t, epoch_row *row, bool *is_best) {
    TRY(evaluate(t, &row->raw));
    row->used = row->raw;
    if (trainer_averages(t)) {
        average_swap(&t->average);
        status result = evaluate(t, &row->used);
        average_swap(&t->average);
        TRY(result);
    }
    train_state *s = &t->state;
    forget_missing_best(t);
    double score = score_of(t, &row->used);
    *is_best = !(score <= s->best_score);
    if (*is_best) {
        s->best_score = score;
        s->best_epoch = s->epoch;
    }
    s->idle_evaluations = *is_best ? 0 : s->idle_evaluations + 1;
    return STATUS_OK;
}
