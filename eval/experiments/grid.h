/* What an experiment measures: methods x data sets x conditions, each several times, over one store of cells.
 *
 * A cell is measured several times where a network was trained with several seeds, or where the condition is drawn anew
 * (noise). Cells are kept in FOLDER/cells as they come (see cell.h): a program that was stopped goes on where it was.
 *
 * Thread rule: one thread at a time for each grid; different ones at once. */
#ifndef IRST_EVAL_EXPERIMENTS_GRID_H
#define IRST_EVAL_EXPERIMENTS_GRID_H

#include "eval/experiments/cell.h"
#include "eval/experiments/column.h"
#include "eval/experiments/experiment.h"
#include "eval/experiments/table.h"
#include "eval/measure/sample.h"

#include <stdbool.h>

#define GRID_CONDITIONS 66

/* What is varied besides method and data set: a level of noise, a size. */
typedef struct grid_condition {
    char section[48]; /* after the data set's name, over a part of the table; "" for none */
    char label[32];   /* after the method's name in its row, or over its column; "" for none */
    int kind;         /* the experiment's own */
    double value;     /* level or size */
    int draws;        /* how often it is measured with each training */
} grid_condition;

typedef struct grid grid;
struct html_page;

typedef struct grid_place {
    int method, data, condition;
    int training; /* which of the experiment's seeds the network was trained with; 0 where none was trained */
    int draw;     /* of the condition */
} grid_place;

/* The description of an experiment: what its program says, measures, and shows. */
typedef struct experiment_kind {
    const char *name, *summary, *examples; /* of the program, as in cli_program */
    const char *title, *row_label;         /* of the table */
    const char *file;                      /* FOLDER/FILE.md, .csv, .tex; also the published table, see published.h */
    bool is_published;                     /* published figures stand beside ours */
    bool trains;                           /* networks without a checkpoint are trained first */
    bool conditions_are_columns;           /* else rows; they show the time, see column.h */
    bool measures_anew;                    /* stored cells are not used again */
    const grid_column *columns;
    int column_count;
    const config_key *keys; /* its own, besides those of an experiment */
    const int *key_count;
    status (*check)(const experiment *e); /* of its own keys, before any work; may be NULL, as all below */
    /* Options that differ between the methods: rows are called after their values, in the table and among the published
     * lines, and a picture shows mIoU against them; NULL: rows bear the names of the methods. */
    const struct option_curves *varied;
    status (*conditions)(grid *g); /* adds conditions; NULL: there is a single one */
    /* What a cell's file name and key have more than method, data set and checkpoint. */
    void (*name_cell)(const grid *g, const grid_place *at, char file[128], char key[256]);
    /* Measures a cell; NULL: grid_evaluate without a variation. */
    status (*measure)(const grid *g, const grid_place *at, detector *d, const dataset *set, cell *out);
    status (*summarise)(const grid *g, table *t); /* adds rows and notes */
    /* Draws files, and sections of the page (core/html/html_page.h). */
    status (*draw)(const grid *g, const table *t, struct html_page *page);
    /* Instead of a grid: does all the work in the folder. */
    status (*write)(const experiment *e, const char *folder, struct html_page *page);
} experiment_kind;

struct grid {
    const experiment_kind *kind;
    const experiment *e;
    const char *folder;
    bool only_stored;
    grid_condition conditions[GRID_CONDITIONS];
    int condition_count;
    int room; /* cells for each method, data set and condition */
    struct {
        bool known;
        cell_data what;
    } * data; /* of each data set */
    cell *cells;
    grid_place *places; /* of the cells */
    int *counts;        /* cells measured, for each method, data set and condition */
};

/* The conditions and empty cells. `only_stored`: nothing will be measured. Free with grid_free. */
status grid_new(const experiment_kind *kind, const experiment *e, const char *folder, bool only_stored, grid **out);
void grid_free(grid *g); /* accepts NULL */
status grid_add_condition(grid *g, const grid_condition *c);
/* Behind the last of the conditions from `first` on that share its section. */
int grid_section_end(const grid *g, int first);

/* Measures what is not stored yet, with a line on stdout for each; trainings that are not finished have no cell. */
status grid_fill(grid *g);

/* The checkpoint of a place: the one given, or that of a finished training; *out is empty for a method without
 * parameters, and found is false if the training is not finished. */
status grid_checkpoint(const experiment *e, const char *folder, int method, int data, int seed, char out[4096],
                       bool *found);

/* How a place is scored, as by evaluate: as the experiment says, but by the rule `score` at the threshold that the
 * place's checkpoint carries, which then stands in `threshold`. */
status grid_scoring(const experiment *e, const char *folder, const grid_place *at, scoring *how, double *threshold);

/* Scores the data set, varied or not (NULL), and finds how sure the figures are. */
status grid_evaluate(const grid *g, const grid_place *at, detector *d, const dataset *set, const sample_variation *vary,
                     cell *out);

/* How the intervals of evaluated cells are drawn. */
extern const bootstrap grid_how_sure;

/* Whether evaluations leave pages (eval/report/evaluation_page.h): FOLDER/cells/NAME.html, and NAME.h5 with
 * what the experiment's page shows of it (eval/report/gallery_file.h), beside the cell's file. Not where they are many:
 * of noise. */
bool grid_has_pages(const grid *g);
void grid_page_name(const grid *g, const grid_place *at, char out[512]);

/* Cells that there are of a method on a data set under a condition, and one of them. */
int grid_count(const grid *g, int method, int data, int condition);
const cell *grid_cell(const grid *g, int method, int data, int condition, int index);
const grid_place *grid_place_of(const grid *g, int method, int data, int condition, int index); /* of that cell */

/* The mean of a column over the cells and, with two or more, its standard deviation; NaN where there is none. */
table_value grid_value(const grid *g, int method, int data, int condition, const grid_column *what);

#endif
