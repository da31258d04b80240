/* eval-channels: one network with several numbers of bottleneck (BC) and total channels (TC), beside the published
 * ablation. */
#include "eval/experiments/experiment_program.h"
#include "eval/experiments/option_curves.h"

#include <stdio.h>

static const grid_column columns[] = {
    {.kind = COLUMN_PARAMS, .decimals = 4, .judged = true, .published = 1},
    {.metric = METRIC_miou, .judged = true, .published = 1},
    {.metric = METRIC_f1, .judged = true, .published = 2},
};

static const option_curves curves = {.title = "mIoU against the total channels TC",
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

static status draw(const grid *g, const table *t) {
    return option_curves_draw(g, t, &curves);
}

static const experiment_kind kind = {
    .name = "eval-channels",
    .summary = "trains a network with several bottleneck and total channels and tabulates it beside the published "
               "ablation",
    .examples = "eval-channels configs/channels.ini data.NUDT-SIRST=/data/NUDT-SIRST\n"
                "eval-channels configs/channels.ini train.epochs=20 \"sweep.seeds=1 2\" --jobs 2\n"
                "eval-channels configs/channels.ini --emit slurm          # a job array instead",
    .title = "Effect of the bottleneck channels BC and total channels TC",
    .row_label = "BCxTC",
    .file = "channels",
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
