/* What an experiment works on, read from one ini: data sets, methods, their checkpoints, how they are scored, and how
 * what has no checkpoint is trained.
 *
 *   [data]        NAME = folder or pack                   the names head the tables
 *   [split]       NAME = split to evaluate on             default test
 *   [train_split] NAME = split to train on                default trainval (which train stands in for)
 *   [val_split]   NAME = split to choose the best checkpoint on; default: sweep.holdout of the training split
 *   [augment]     NAME = flips|...                        data.augment of train for it; default as there
 *   [published]   NAME = data set of the published figures to show beside; default NAME itself. Other sets' figures
 *                 stand in brackets; those of "OTHER (reconstructed)" are targets, and tables call NAME so
 *   [methods]     NAME = METHOD OPTION=VALUE ...          options as in [model]: stages=6
 *   [checkpoint]  NAME = file, or NAME/DATA = file        for all data sets, or for one
 *   [evaluate]    size, rule, mask, protocol, threads
 *   [sweep]       seeds = 1 2 3                           one training for each of them
 *                 keep = best|last                        which of its checkpoints is evaluated
 *                 select = val|test                       what the best one is chosen on
 *   [recipe]      NAME = file, or NAME/DATA = file        an ini of train: its data and train are how the network is
 *                                                         trained, but for splits, seed and what [train] says
 *   [train]       epochs, batch_size, ...                 as in an ini of train, for all networks
 *
 * Values can be overridden as data.NAME=/where/it/lies or checkpoint.NAME/DATA=FILE; only names of the file are known
 * then, except in [train]. An empty value leaves a data set or method out: data.SIRST=
 *
 * Thread rule: one thread at a time for each experiment; different ones at once. */
#ifndef IRST_EVAL_EXPERIMENTS_EXPERIMENT_H
#define IRST_EVAL_EXPERIMENTS_EXPERIMENT_H

#include "core/base/engine.h"
#include "core/base/status.h"
#include "core/config/config.h"
#include "core/io/file_io.h"
#include "eval/measure/evaluate.h"
#include "modules/detector.h"

#include <stdbool.h>
#include <stdint.h>

enum { EXPERIMENT_TITLE = 128 };

typedef struct experiment_data {
    const char *name, *root, *split, *train_split;
    const char *val_split;            /* "": a part of the training split */
    char published[EXPERIMENT_TITLE]; /* the data set whose published figures stand beside this one's */
    char title[EXPERIMENT_TITLE];     /* in tables: the name, or "SIRST-Aug (reconstructed)" */
    bool is_target;                   /* the published figures are this set's own, or those of what it reconstructs */
    const char *augment;              /* "": the trainer's default */
} experiment_data;

typedef struct experiment_method {
    const char *name;       /* in tables and keys: "RPCANet+" */
    const char *method;     /* of the registry: "rpcanet_plus" */
    const char *published;  /* the method whose published figures stand beside this one's; by default itself */
    config *options;        /* model.*, with the defaults of what was not given */
    name_list given;        /* the keys that were given: "model.stages" */
    bool is_network;        /* has parameters to train */
    const char *checkpoint; /* for all data sets; NULL if none */
} experiment_method;

/* How a network is trained on a data set, beside [train]: lines of an ini, "epochs = 5". */
typedef struct experiment_recipe {
    const char *path; /* of the ini it comes from; NULL: none */
    name_list data, train;
} experiment_recipe;

#define EXPERIMENT_SEEDS 32

typedef struct experiment {
    config *c; /* everything, the program's own keys too */
    experiment_data *data;
    int data_count;
    experiment_method *methods;
    int method_count;
    evaluate_options evaluate;
    engine *engine; /* for evaluation */
    int64_t seeds[EXPERIMENT_SEEDS];
    int seed_count;
    bool keep_last, select_on_test;
    experiment_recipe *recipes;         /* of each method on each data set: experiment_recipe_of */
    name_list train;                    /* "epochs = 5": the keys of [train] as lines of an ini */
    name_list data_names, method_names; /* all that the file lists, those left out too */
} experiment;

/* Reads the ini and the overrides "section.key=value". `keys`: the program's own, with other sections than those
 * above. What is wrong is STATUS_USAGE; a data set that cannot be opened is refused here, before any work. */
status experiment_read(const char *path, const char *const *overrides, int override_count, const config_key *keys,
                       int key_count, experiment **out);
void experiment_free(experiment *e); /* accepts NULL */

/* Prints the sections of names, and the keys of [evaluate], [sweep] and of the program with their defaults, for
 * --help-config. */
status experiment_print_help(const config_key *keys, int key_count, FILE *stream);

/* The checkpoint file given for a method on a data set, by index; NULL if none is. */
const char *experiment_checkpoint(const experiment *e, int method, int data);

const experiment_recipe *experiment_recipe_of(const experiment *e, int method, int data); /* by index */

typedef enum experiment_weights { WEIGHTS_MUST_BE_TRAINED, WEIGHTS_MAY_BE_RANDOM } experiment_weights;

/* The method as a detector with the parameters of `checkpoint`; NULL: without any, for a network random ones, which is
 * STATUS_USAGE where they must be trained. A checkpoint of another method, or of other options than those given, is
 * STATUS_USAGE. */
status experiment_detector(const experiment *e, int method, const char *checkpoint, experiment_weights weights,
                           detector **out);

/* What would stop an evaluation, to be known before anything is trained. STATUS_USAGE for a method that the rule cannot
 * score; and what experiment_detector says of each checkpoint that is given. */
status experiment_check_rule(const experiment *e);
status experiment_try_checkpoints(const experiment *e);

#endif
