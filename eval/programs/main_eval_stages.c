/* eval-stages: one network with K = 1, 2, ... stages, beside the published ablation. */
#include "eval/experiments/study.h"

#include <stdio.h>

static const table_column columns[] = {
    {"#params", "M", "params_million", 4, true},
    {"mIoU", "%", "miou_percent", 2, true},
    {"F1", "%", "f1_percent", 2, true},
};

static const study_figure figures[] = {FIGURE_PARAMS, FIGURE_MIOU, FIGURE_F1};

static const study_curves curves = {
    .title = "mIoU against the number of stages", .x_label = "stages K", .x_key = "model.stages"};

/* A row is called after its number of stages, whatever the method's name in the ini. */
static status label(const experiment_method *m, char out[64]) {
    if (!config_is_declared(m->options, curves.x_key))
        return status_fail(STATUS_USAGE, "methods.%s: %s has no stages to vary", m->name, m->method);
    snprintf(out, 64, "%s", config_value(m->options, curves.x_key));
    return STATUS_OK;
}

static status draw(const study *s) {
    return study_draw_curves(s, &curves);
}

static const study_program program = {
    .name = "eval-stages",
    .summary = "Trains a network with few to many stages and tabulates it beside the published ablation.",
    .examples = "  eval-stages configs/stages.ini data.NUDT-SIRST=/data/NUDT-SIRST\n"
                "  eval-stages configs/stages.ini train.epochs=20 \"sweep.seeds=1 2\" --jobs 2\n"
                "  eval-stages configs/stages.ini --emit slurm              a job array instead\n",
    .title = "Effect of the number of stages K",
    .row_label = "K",
    .columns = columns,
    .figures = figures,
    .column_count = sizeof columns / sizeof *columns,
    .published = "stages",
    .label = label,
    .draw = draw,
};

int main(int argc, char **argv) {
    return study_main(&program, argc, argv);
}
