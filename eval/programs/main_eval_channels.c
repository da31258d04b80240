/* eval-channels: one network with several numbers of bottleneck (BC) and total channels (TC), beside the published
 * ablation. */
#include "eval/experiments/study.h"

#include <stdio.h>

static const table_column columns[] = {
    {"#params", "M", "params_million", 4, true},
    {"mIoU", "%", "miou_percent", 2, true},
    {"F1", "%", "f1_percent", 2, true},
};

static const study_figure figures[] = {FIGURE_PARAMS, FIGURE_MIOU, FIGURE_F1};

static const study_curves curves = {.title = "mIoU against the total channels TC",
                                    .x_label = "total channels TC",
                                    .x_key = "model.total_channels",
                                    .group_key = "model.bottleneck_channels",
                                    .group_label = "BC"};

/* A row is called "4x32" for BC = 4 and TC = 32, whatever the method's name in the ini. */
static status label(const experiment_method *m, char out[64]) {
    if (!config_is_declared(m->options, curves.group_key) || !config_is_declared(m->options, curves.x_key))
        return status_fail(STATUS_USAGE, "methods.%s: %s has no bottleneck and total channels to vary", m->name,
                           m->method);
    snprintf(out, 64, "%sx%s", config_value(m->options, curves.group_key), config_value(m->options, curves.x_key));
    return STATUS_OK;
}

static status draw(const study *s) {
    return study_draw_curves(s, &curves);
}

static const study_program program = {
    .name = "eval-channels",
    .summary = "Trains a network with several bottleneck and total channels and tabulates it beside the published "
               "ablation.",
    .examples = "  eval-channels configs/channels.ini data.NUDT-SIRST=/data/NUDT-SIRST\n"
                "  eval-channels configs/channels.ini train.epochs=20 \"sweep.seeds=1 2\" --jobs 2\n"
                "  eval-channels configs/channels.ini --emit slurm          a job array instead\n",
    .title = "Effect of the bottleneck channels BC and total channels TC",
    .row_label = "BCxTC",
    .columns = columns,
    .figures = figures,
    .column_count = sizeof columns / sizeof *columns,
    .published = "channels",
    .label = label,
    .draw = draw,
};

int main(int argc, char **argv) {
    return study_main(&program, argc, argv);
}
