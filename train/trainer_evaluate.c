#include "train/trainer_private.h"

#include "core/io/file_io.h"
#include "train/run_page.h"

#include <math.h>

enum { MOST_SHOWN = 20 }; /* evaluations whose pictures TensorBoard gets, evenly spread over the run */

evaluate_options trainer_evaluate_options(const trainer *t) {
    augmentation kind = training_augmentation(t->c, false).kind;
    return (evaluate_options){.sample.size = augment_whole_size(kind, (int)config_int(t->c, "data.size"))};
}

/* Of several processes none may leave the others in an evaluation: they stop after the next step. */
static status stop_if_interrupted(void *context, const char *name, const scored_image *image,
                                  const per_image *outcome) {
    (void)name;
    (void)image;
    (void)outcome;
    const trainer *t = context;
    return trainer_is_interrupted() && !t->options->peers ? trainer_interrupted(t) : STATUS_OK;
}

static status evaluate(trainer *t, const image_watcher *watcher, epoch_metrics *out) {
    evaluate_options options = trainer_evaluate_options(t);
    metrics *m = &t->evaluated.counts;
    options.watcher = watcher;
    options.peers = t->options->peers;
    TRY(evaluate_dataset(t->d, t->data.validation, &options, m, &t->evaluated.ms_per_image));
    metrics_sum(m, t->options->peers); /* rank 0 has measured: all get what it found */
    for (int id = 0; id < METRICS; id++)
        out->values[id] = metric_value((metric_id)id, m);
    return STATUS_OK;
}

/* The evaluation of the weights that will be used: its pictures are kept. */
static status evaluate_and_see(trainer *t, const image_watcher *watcher, epoch_metrics *out) {
    gallery_options how = evaluation_page_gallery(dataset_count(t->data.validation), PROTOCOL_OVERLAP);
    how.next = watcher;
    gallery_free(t->seen);
    TRY(gallery_new(&how, &t->seen));
    t->evaluated = (evaluation){.method = detector_name(t->d),
                                .dataset = dataset_name(t->data.validation),
                                .split = dataset_split(t->data.validation),
                                .params = parameter_count_trained(detector_parameters(t->d)),
                                .options = trainer_evaluate_options(t)};
    return evaluate(t, gallery_watcher(t->seen), out);
}

/* The averaged weights where there are any. */
static status evaluate_both(trainer *t, epoch_row *row) {
    image_watcher watcher = {stop_if_interrupted, t};
    if (!trainer_averages(t)) {
        TRY(evaluate_and_see(t, &watcher, &row->used));
        row->raw = row->used;
        return STATUS_OK;
    }
    TRY(evaluate(t, &watcher, &row->raw));
    average_swap(&t->average);
    status result = evaluate_and_see(t, &watcher, &row->used);
    average_swap(&t->average);
    return result;
}

static void forget_best(train_state *s) {
    s->best_score = TRAINER_NO_SCORE;
    s->best_tie = 0;
    s->best_epoch = 0;
}

void trainer_forget_other_best(trainer *t) {
    train_state *s = &t->state;
    if (!s->validation_changed || s->best_epoch == 0)
        return;
    trainer_say(t, "the images evaluated on have changed: the best is chosen anew from epoch %lld on",
                (long long)s->epoch + 1);
    forget_best(s);
    s->idle_evaluations = 0;
}

/* What is no longer there must not keep a worse one from taking its place. */
static void forget_missing_best(trainer *t) {
    train_state *s = &t->state;
    if (s->best_epoch == 0 || trainer_first_says(t, path_is_file(t->best)))
        return;
    trainer_say(t, "%s, of epoch %lld, is gone: the best is chosen anew from epoch %lld on", t->best,
                (long long)s->best_epoch, (long long)s->epoch);
    forget_best(s);
}

/* Images run through the network's last phase whenever a checkpoint is used, whatever was better before it. */
static void forget_best_of_earlier_phase(trainer *t) {
    train_state *s = &t->state;
    if (s->best_epoch > 0 && detector_phase(t->d, s->best_epoch - 1) != detector_phase(t->d, s->epoch - 1))
        forget_best(s);
}

/* The metric that train.select names, such that more is better. A network that predicts everything, or nothing, has the
 * best of all Pd or Fa, and is no better than any that does neither. */
static double score_of(const trainer *t, const epoch_metrics *m) {
    metric_id id = metric_find(config_text(t->c, "train.select"));
    if (isnan(m->values[id]) || metrics_remark(&t->evaluated.counts))
        return TRAINER_EMPTY_SCORE;
    return metric_is_error(id) ? -m->values[id] : m->values[id];
}

status trainer_evaluate(trainer *t, epoch_row *row, bool *is_best) {
    TRY(evaluate_both(t, row));
    train_state *s = &t->state;
    forget_missing_best(t);
    forget_best_of_earlier_phase(t);
    double score = score_of(t, &row->used), tie = row->used.values[METRIC_miou];
    *is_best = score > s->best_score || (score == s->best_score && tie > s->best_tie);
    if (*is_best) {
        s->best_score = score;
        s->best_tie = isnan(tie) ? 0 : tie;
        s->best_epoch = s->epoch;
    }
    if (*is_best)
        s->idle_evaluations = 0;
    else if (score >
             TRAINER_EMPTY_SCORE) /* while a network predicts everything there is nothing to lose patience with */
        s->idle_evaluations++;
    return STATUS_OK;
}

/* --- what is shown of it --- */

/* Whether a share of the run ends between the evaluation before and this one; the first and the last one are shown. */
static bool shows_pictures(const trainer *t) {
    int64_t epoch = t->state.epoch, before = epoch - config_int(t->c, "train.evaluate_every");
    return before <= 0 || epoch == t->epochs || epoch * MOST_SHOWN / t->epochs > before * MOST_SHOWN / t->epochs;
}

status trainer_show(const trainer *t) {
    int count;
    const gallery_scene *scenes = gallery_chosen(t->seen, &count);
    if (shows_pictures(t))
        TRY(run_log_show(t->log, t->state.epoch, scenes, count));
    return run_page_write(&(run_page){.folder = t->options->folder,
                                      .validated_on = t->data.validated_on,
                                      .c = t->c,
                                      .log = t->log,
                                      .last = &t->evaluated,
                                      .seen = t->seen,
                                      .epoch = t->state.epoch,
                                      .epochs = t->epochs,
                                      .best_epoch = t->state.best_epoch,
                                      .selection = t->state.selection});
}
