/* eval-stages: one network with K = 1, 2, ... stages, beside the published ablation. */
#include "eval/experiments/experiment_program.h"
#include "eval/experiments/option_curves.h"

#include <stdio.h>

static const grid_column columns[] = {
    {.kind = COLUMN_PARAMS, .decimals = 4, .judged = true, .published = 1},
    {.metric = METRIC_miou, .judged = true, .published = 1},
    {.metric = METRIC_f1, .judged = true, .published = 2},
};

static const option_curves curves = {
    .title = "mIoU against the number of stages", .x_label = "stages K", .x_key = "model.stages"};

/* A row is called after its number of stages, whatever the method's name in the ini. */
static status label(const experiment_method *m, char out[64]) {
    if (!config_is_declared(m->options, curves.x_key))
        return status_fail(STATUS_USAGE, "methods.%s: %s has no stages to vary", m->name, m->method);
    snprintf(out, 64, "%s", config_value(m->options, curves.x_key));
    return STATUS_OK;
}

static status draw(const grid *g, const table *t) {
    return option_curves_draw(g, t, &curves);
}

static const experiment_kind kind = {
    .name = "eval-stages",
    .summary = "trains a network with few to many stages and tabulates it beside the published ablation",
    .examples = "eval-stages configs/stages.ini data.NUDT-SIRST=/data/NUDT-SIRST\n"
                "eval-stages configs/stages.ini train.epochs=20 \"sweep.seeds=1 2\" --jobs 2\n"
                "eval-stages configs/stages.ini --emit slurm              # a job array instead",
    .title = "Effect of the number of stages K",
    .row_label = "K",
    .file = "stages",
    .is_published = true,
    .trains = true,
    .columns = columns,
    .column_count = sizeof columns / sizeof *columns,
    .label = label,
    .draw = draw,
};

int main(int argc, char **argv) {
    return experiment_main(&kind, argc, argv);
}
