/* Which methods are worth their time: mIoU against the time of an image, and the Pareto front, the methods that no
 * other one beats in the one without being beaten in the other.
 *
 * Thread rule: one thread at a time for each experiment; different ones at once. */
#ifndef IRST_EVAL_EXPERIMENTS_PARETO_FRONT_H
#define IRST_EVAL_EXPERIMENTS_PARETO_FRONT_H

#include "core/html/html_page.h"
#include "eval/experiments/grid.h"

/* A line below the table for each data set: the methods on the front, from fast to slow. */
status pareto_front_summarise(const grid *g, table *t);

/* Draws FOLDER/pareto.DATA.svg and .png for each data set, and into the page. */
status pareto_front_draw(const grid *g, const table *t, html_page *page);

#endif
