/* What Muon takes over from AdamW.
 *
 * Thread rule: as optimizer_rule.update. */
#ifndef IRST_TRAIN_RULES_ADAM_H
#define IRST_TRAIN_RULES_ADAM_H

#include "train/optimizer.h"

/* AdamW's step; memory 0 and 1 are its moments. */
void adamw_update(const optimizer *o, double rate, const optimizer_part *part);

/* Decoupled weight decay: value times 1 - rate decay. */
void decay_values(double rate, const optimizer_part *part);

#endif
