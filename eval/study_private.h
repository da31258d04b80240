/* Inside of a study, shared by study.c, study_table.c and study_curves.c only. */
#ifndef IRST_EVAL_STUDY_PRIVATE_H
#define IRST_EVAL_STUDY_PRIVATE_H

#include "eval/study.h"

/* Fills the table of the study: rows, summary and notes. Free with table_free. */
status study_make_table(study *s);

/* Draws the curves of the program to FOLDER/NAME.svg and .png, NAME being that of the table. */
status study_draw_curves(const study *s);

#endif
