/* The command line of evaluate: what is given, and what it asks for. */
#ifndef IRST_EVAL_PROGRAMS_EVALUATE_ARGUMENTS_H
#define IRST_EVAL_PROGRAMS_EVALUATE_ARGUMENTS_H

#include "core/base/status.h"
#include "core/config/cli.h"
#include "eval/measure/evaluate.h"
#include "eval/measure/evaluation_report.h"
#include "eval/programs/evaluate_outputs.h"

typedef struct evaluate_arguments {
    /* Words as given; NULL: not given. */
    const char *checkpoint; /* that of --weights too */
    const char *weights, *method, *predicted, *data, *split, *against, *range, *precision;
    bool raw_weights;
    evaluate_outputs files; /* their names; nothing is begun */

    /* What they come to. */
    bool lists_weights; /* --weights list: all the rest is left unread */
    sample_options sample;
    scoring scoring; /* without a threshold */
    bool has_threshold, has_rate;
    double threshold;
    double rate;          /* of false alarms */
    bool resizes_nothing; /* --resize is given, but images stay as they are */
    bool all_ways;        /* predictions are scored by every rule and both protocols */
    report_format format;
    report_extent extent;
    detector_tiles tiles;
    bootstrap how_sure; /* 0 draws: no intervals */
} evaluate_arguments;

/* For cli_parse. */
const cli_program *evaluate_program(void);

/* Reads what cli_parse was given. `settings`: the number of "model.KEY=VALUE" behind the options. STATUS_USAGE for what
 * is missing, malformed or does not go together; STATUS_INPUT for a checkpoint that cannot be read. `out` has texts of
 * the command line. */
status evaluate_arguments_read(int settings, evaluate_arguments *out);

#endif
