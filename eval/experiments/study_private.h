/* Inside of a study, shared by study.c and study_table.c only. */
#ifndef IRST_EVAL_EXPERIMENTS_STUDY_PRIVATE_H
#define IRST_EVAL_EXPERIMENTS_STUDY_PRIVATE_H

#include "eval/experiments/study.h"

/* Fills the table of the study: rows, summary and notes. Free with table_free. */
status study_make_table(study *s);

#endif
