/* Predictions that someone else made and stored as pictures.
 *
 * Thread rule: one thread at a time for each; different ones at once. */
#ifndef IRST_EVAL_MEASURE_PREDICTIONS_H
#define IRST_EVAL_MEASURE_PREDICTIONS_H

#include "eval/measure/evaluate.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct predictions predictions;

/* FOLDER/NAME_score.png, as of detect, or else NAME.png, of every sample of the data set: grey, 8 or 16 bit, full scale
 * being a score of 1; masks of 0 and 255 are scores of 0 and 1. One that is missing is STATUS_INPUT, and the message
 * says how many are. `size`: of the evaluation; a prediction of another size is resized to it (bilinear), at native
 * size (0) it must have its image's. Free with predictions_free. */
status predictions_open(const char *folder, const dataset *data, int size, predictions **out);
void predictions_free(predictions *p); /* accepts NULL */
/* Whether pictures of both names lie there, and a line that says of how many samples. */
bool predictions_remark(const predictions *p, char *text, size_t size);

/* Valid as long as the predictions. */
score_source predictions_source(predictions *p);

#endif
