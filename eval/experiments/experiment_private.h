/* Inside of an experiment's reading, shared by the files experiment*.c only.
 *
 * Thread rule: as experiment.h. */
#ifndef IRST_EVAL_EXPERIMENTS_EXPERIMENT_PRIVATE_H
#define IRST_EVAL_EXPERIMENTS_EXPERIMENT_PRIVATE_H

#include "eval/experiments/experiment.h"

typedef struct config_name {
    char text[CONFIG_LONGEST_NAME + 1];
} config_name;

config_name experiment_key(const char *section, const char *name); /* "section.name" */
config_name experiment_pair(const char *method, const char *data); /* "METHOD/DATA" */

/* Names become parts of keys and of file names: STATUS_USAGE for one that cannot. */
status experiment_check_name(const char *section, const char *name);

/* Declares methods.NAME, published_method.NAME, checkpoint.NAME and checkpoint.NAME/DATA. */
status experiment_declare_methods(config *c, const name_list *methods, const name_list *data);
/* Fills the methods from the values of those keys. */
status experiment_read_methods(experiment *e);
/* Refuses a checkpoint that is not there, or given for a method that has nothing to load. */
status experiment_check_checkpoints(const experiment *e);
void experiment_free_methods(experiment *e);

/* Declares recipe.NAME and recipe.NAME/DATA. */
status experiment_declare_recipes(config *c, const name_list *methods, const name_list *data);
/* Declares and reads what [train] says. */
status experiment_read_train(experiment *e);
/* Reads the files that [recipe] names; methods, data and [train] have been read. STATUS_USAGE for a file that trains
 * another network than the method is. */
status experiment_read_recipes(experiment *e);
void experiment_free_recipes(experiment *e); /* and what [train] says */

#endif
