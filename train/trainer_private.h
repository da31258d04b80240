/* Shared by trainer.c and the files trainer_NAME.c beside it.
 *
 * Thread rule: the thread of trainer_run. */
#ifndef IRST_TRAIN_TRAINER_PRIVATE_H
#define IRST_TRAIN_TRAINER_PRIVATE_H

#include "core/config/config.h"
#include "core/io/folder_lock.h"
#include "core/log/progress.h"
#include "datasets/loader.h"
#include "eval/measure/evaluate.h"
#include "eval/report/evaluation_page.h"
#include "modules/detector.h"
#include "train/crop_plan.h"
#include "train/gradient_sums.h"
#include "train/loss_plan.h"
#include "train/optimizer.h"
#include "train/rules/average.h"
#include "train/rules/schedule.h"
#include "train/run_log.h"
#include "train/train_state.h"
#include "train/trainer.h"
#include "train/training_data.h"

#define TRAINER_NO_SCORE (-2.0)    /* worse than any metric, and than an error rate taken as a score */
#define TRAINER_EMPTY_SCORE (-1.5) /* of an evaluation whose figures say nothing: better than none at all */

/* Everything of one run; freed together. */
typedef struct trainer {
    const config *c;
    const train_options *options;
    engine *engine;
    folder_lock lock; /* of the run folder */
    char last[4096], best[4096];
    detector *d, *teacher; /* teacher: NULL without distillation */
    float *teacher_scores; /* of one batch */
    training_data data;
    loader *batches;
    optimizer optimizer;
    gradient_sums *sums; /* NULL: this process trains alone */
    average average;     /* unused if train.average is 0 */
    schedule schedule;
    crop_plan crops;
    loss_plan losses;
    detector_part_names parts; /* of all of them */
    run_log *log;
    evaluation evaluated; /* of the epoch that was evaluated last, in this process */
    gallery *seen;        /* in it; NULL: none yet */
    train_state state;
    int64_t epochs;
    int per_epoch; /* batches */
    int accumulate;
    int phase;                         /* of the network that the training graph is laid out for; -1: none yet */
    const planned_loss *loss;          /* that it is laid out for */
    bool running_norms;                /* of the epoch that it is laid out for: train.norm_epochs are over */
    bool told_of_pooled_norms;         /* see say_if_alone */
    int crop;                          /* crop_plan_size of the epoch that it is laid out for */
    int size;                          /* of the images in it */
    double memory;                     /* bytes that the largest step takes */
    double saved;                      /* when last.h5 was */
    double counted;                    /* processor time of this process that state.cost has */
    double begun, begun_work;          /* when this process began to train, and what was done by then */
    double epoch_begun, epoch_seconds; /* of training alone, since this process took the epoch up */
    double epoch_images;
    double peak; /* FLOP/s, see peak.h; the best one measured so far */
} trainer;

/* Whether trainer_interrupt was called; and, if it was, STATUS_INTERRUPTED, which says how to go on from last.h5. */
bool trainer_is_interrupted(void);
status trainer_interrupted(const trainer *t);

/* trainer_start.c: network, weights to begin with, teacher. */
status trainer_open_network(trainer *t);
status trainer_begin_weights(trainer *t);
status trainer_open_teacher(trainer *t);

/* trainer_folder.c: takes the run folder; one that holds a run before that is read, a new one when all that can be
 * wrong with the run has been found, so that nothing is left behind. Then what is written into it: by the process that
 * writes (trainer_writes), elsewhere nothing. */
status trainer_take_folder(trainer *t, bool has_run);
status trainer_write_config(const trainer *t);
status trainer_save_last(trainer *t);
status trainer_save_best_and_last(trainer *t); /* at this moment the best is the last */
bool trainer_save_is_due(const trainer *t);    /* train.save_minutes */

/* trainer_peers.c: all but the first are calls that all ranks make together; where there are none they say `own`, or
 * leave what was said. trainer_writes: whether this process writes the run's files. */
bool trainer_writes(const trainer *t);
status trainer_check_peers(const trainer *t); /* that every rank has an image of a whole batch */
bool trainer_first_says(const trainer *t, bool own);
/* One that stops stops all; when to save, the first one's clock says. */
void trainer_agree(const trainer *t, bool *stop, bool *save);
double trainer_sum(const trainer *t, double own); /* over all ranks, those without an image of the batch too */
status trainer_compare(trainer *t);               /* that data and weights are the same everywhere */

/* One line to the user, through options.on_notice. */
void trainer_say(const trainer *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool trainer_averages(const trainer *t);

/* trainer_place.c: where the run stands, in steps as many as an epoch has now: state.step is what was really made, and
 * other if the training data have changed in between (data.may_change). */
status trainer_open_schedule(trainer *t);     /* the batches of an epoch are known */
int64_t trainer_epoch_step(const trainer *t); /* of the epoch begun */
int64_t trainer_steps_done(const trainer *t);
int64_t trainer_steps(const trainer *t);       /* of the whole run */
double trainer_work_done(const trainer *t);    /* in epochs on whole images (crop_plan.h) */
double trainer_seconds_left(const trainer *t); /* by the pace of this process; NAN: it has not trained yet */
void trainer_describe(const trainer *t, train_plan *out);

/* trainer_step.c: the gradients of one or several batches, and the step along them; *loss is its total. */
status trainer_step(trainer *t, double *loss);

/* trainer_evaluate.c: fills the metrics of the row and tells whether this is the best so far. */
status trainer_evaluate(trainer *t, epoch_row *row, bool *is_best);
/* On resuming, where other images are evaluated on than were. */
void trainer_forget_other_best(trainer *t);
/* Shows what that evaluation saw: in the run's page, and now and then to TensorBoard. */
status trainer_show(const trainer *t);
evaluate_options trainer_evaluate_options(const trainer *t);

/* trainer_threshold.c: at the end, in best.h5 and last.h5. */
status trainer_store_thresholds(const trainer *t);

#endif
