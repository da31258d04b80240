/* eval-speed: the time that methods take for an image. */
#include "eval/experiments/experiment_program.h"
#include "eval/experiments/speed_experiment.h"

static const grid_column columns[] = {
    {.kind = COLUMN_PARAMS, .decimals = 3}, {.kind = COLUMN_MILLISECONDS, .decimals = 1}, /* one for each size */
};

static const experiment_kind kind = {
    .name = "eval-speed",
    .summary = "times methods on images of several sizes: the median of many warm runs",
    .examples = "@eval-speed configs/speed.ini data.NUDT-SIRST=/data/NUDT-SIRST evaluate.threads=1\n"
                "@eval-speed configs/speed.ini speed.sizes='128 256' speed.runs=100 methods.IPI= # without IPI\n"
                "@eval-speed --help-config                                                      # every key",
    .title = "Time of an image",
    .row_label = "method",
    .file = "speed",
    .conditions_are_columns = true,
    .measures_anew = true,
    .columns = columns,
    .column_count = sizeof columns / sizeof *columns,
    .keys = speed_keys,
    .key_count = &speed_key_count,
    .check = speed_check,
    .conditions = speed_conditions,
    .name_cell = speed_name,
    .measure = speed_measure,
    .summarise = speed_summarise,
    .draw = speed_runs_write,
};

int main(int argc, char **argv) {
    return experiment_main(&kind, argc, argv);
}
