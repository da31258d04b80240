/* eval-channels: one network with several numbers of bottleneck (BC) and total channels (TC), beside the published
 * ablation. */
#include "eval/experiments/experiment_program.h"
#include "eval/experiments/option_curves.h"

static const option_curves curves = {.title = "mIoU against the total channels TC",
                                     .x_label = "total channels TC",
                                     .varies = "bottleneck and total channels",
                                     .x_key = "model.total_channels",
                                     .group_key = "model.bottleneck_channels",
                                     .group_label = "BC"};

static const experiment_kind kind = {
    .name = "eval-channels",
    .summary = "trains a network with several bottleneck and total channels and tabulates it beside the published "
               "ablation",
    .examples = "@eval-channels configs/channels.ini data.NUDT-SIRST=/data/NUDT-SIRST\n"
                "@eval-channels configs/channels.ini train.epochs=20 \"sweep.seeds=1 2\" --jobs 2\n"
                "@eval-channels configs/channels.ini --emit slurm          # a job array instead",
    .title = "Effect of the bottleneck channels BC and total channels TC",
    .row_label = "BCxTC",
    .file = "channels",
    .is_published = true,
    .trains = true,
    .columns = option_columns,
    .column_count = OPTION_COLUMNS,
    .varied = &curves,
};

int main(int argc, char **argv) {
    return experiment_main(&kind, argc, argv);
}
