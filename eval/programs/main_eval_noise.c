/* eval-noise: figures of methods on noisy images over the level of the noise. */
#include "eval/experiments/experiment_program.h"
#include "eval/experiments/noise_experiment.h"
#include "eval/figures/noise_examples.h"

static status check(const experiment *e) {
    TRY(noise_check(e));
    return noise_examples_check(e);
}

static status draw(const grid *g, const table *t, html_page *page) {
    (void)t;
    html_page_section(page, "Curves");
    TRY(noise_curves_write(g, page));
    return noise_examples_write(g, page);
}

static const experiment_kind kind = {
    .name = "eval-noise",
    .summary = "measures how methods stand Gaussian and salt-and-pepper noise: tables, curves, examples",
    .examples = "@eval-noise configs/noise.ini data.SIRST=/data/SIRST --out runs/noise   # resumes where it stopped\n"
                "@eval-noise configs/noise.ini noise.gaussian='0.001 0.01' noise.salt_and_pepper= noise.seeds=1\n"
                "@eval-noise configs/noise.ini noise.place=before noise.range=unclipped --out runs/noise-before\n"
                "@eval-noise --help-config                                               # every key",
    .title = "Methods under noise",
    .row_label = "method, level",
    .file = "noise",
    .trains = true,
    .columns = noise_columns,
    .column_count = NOISE_COLUMNS,
    .keys = noise_keys,
    .key_count = &noise_key_count,
    .check = check,
    .conditions = noise_conditions,
    .name_cell = noise_name,
    .measure = noise_measure,
    .summarise = noise_summarise,
    .draw = draw,
};

int main(int argc, char **argv) {
    return experiment_main(&kind, argc, argv);
}
