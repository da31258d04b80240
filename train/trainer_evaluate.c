#include "train/trainer_private.h"

evaluate_options trainer_evaluate_options(const trainer *t) {
    augmentation kind = training_augmentation(t->c, false).kind;
    return (evaluate_options){.sample.size = augment_whole_size(kind, (int)config_int(t->c, "data.size"))};
}

static status evaluate(trainer *t, epoch_metrics *out) {
    evaluate_options options = trainer_evaluate_options(t);
    metrics m;
    double ms;
    TRY(evaluate_dataset(t->d, t->data.validation, &options, &m, &ms));
    for (int id = 0; id < METRICS; id++)
        out->values[id] = metric_value((metric_id)id, &m);
    return STATUS_OK;
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
    double score = score_of(t, &row->used);
    *is_best = !(score <= s->best_score);
    if (*is_best) {
        s->best_score = score;
        s->best_epoch = s->epoch;
    }
    s->idle_evaluations = *is_best ? 0 : s->idle_evaluations + 1;
    return STATUS_OK;
}
