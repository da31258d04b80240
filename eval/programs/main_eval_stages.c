/* eval-stages: one network with K = 1, 2, ... stages, beside the published ablation. */
#include "eval/experiments/experiment_program.h"
#include "eval/experiments/option_curves.h"

static const option_curves curves = {
    .title = "mIoU against the number of stages", .x_label = "stages K", .varies = "stages", .x_key = "model.stages"};

static const experiment_kind kind = {
    .name = "eval-stages",
    .summary = "trains a network with few to many stages and tabulates it beside the published ablation",
    .examples = "@eval-stages configs/stages.ini data.NUDT-SIRST=/data/NUDT-SIRST\n"
                "@eval-stages configs/stages.ini train.epochs=20 \"sweep.seeds=1 2\" --jobs 2\n"
                "@eval-stages configs/stages.ini --emit slurm              # a job array instead",
    .title = "Effect of the number of stages K",
    .row_label = "K",
    .file = "stages",
    .is_published = true,
    .trains = true,
    .columns = option_columns,
    .column_count = OPTION_COLUMNS,
    .varied = &curves,
};

int main(int argc, char **argv) {
    return experiment_main(&kind, argc, argv);
}
