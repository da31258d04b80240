/* Pictures of a noise experiment: chosen images at every level, and what the methods find in them.
 *
 * Thread rule: one thread at a time for each experiment; different ones at once. */
#ifndef IRST_EVAL_FIGURES_NOISE_EXAMPLES_H
#define IRST_EVAL_FIGURES_NOISE_EXAMPLES_H

#include "core/html/html_page.h"
#include "eval/experiments/grid.h"

/* Refuses noise.examples that name no sample. */
status noise_examples_check(const experiment *e);

/* Writes FOLDER/DATA_NAME_KIND.png for every image of noise.examples, and puts them into a page. */
status noise_examples_write(const grid *g, html_page *page);

#endif
