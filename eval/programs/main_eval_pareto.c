/* eval-pareto: what accuracy a method gives for its time. */
#include "eval/experiments/experiment_program.h"
#include "eval/experiments/pareto_front.h"

static const grid_column columns[] = {
    {.kind = COLUMN_PARAMS, .decimals = 3},
    {.kind = COLUMN_SECONDS, .decimals = 4},
    {.metric = METRIC_miou},
    {.metric = METRIC_niou},
    {.metric = METRIC_f1},
    {.metric = METRIC_pd},
    {.metric = METRIC_fa, .decimals = 2},
};

static const experiment_kind kind = {
    .name = "eval-pareto",
    .summary =
        "trains small and large networks and draws their mIoU against the time of an image, with the Pareto front",
    .examples = "@eval-pareto configs/pareto.ini data.NUDT-SIRST=/data/NUDT-SIRST\n"
                "@eval-pareto configs/pareto.ini evaluate.threads=1     # times on one thread\n"
                "@eval-pareto configs/pareto.ini --tabulate             # only what is there",
    .title = "Accuracy against time",
    .row_label = "method",
    .file = "pareto",
    .trains = true,
    .columns = columns,
    .column_count = sizeof columns / sizeof *columns,
    .summarise = pareto_front_summarise,
    .draw = pareto_front_draw,
};

int main(int argc, char **argv) {
    return experiment_main(&kind, argc, argv);
}
