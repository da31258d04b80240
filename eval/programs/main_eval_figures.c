/* eval-figures: pictures of what methods make of chosen images and of the stages of unrolled networks. */
#include "eval/experiments/experiment_program.h"
#include "eval/figures/figures.h"

static const experiment_kind kind = {
    .name = "eval-figures",
    .title = "What methods make of images",
    .summary = "draws what methods make of images, and the stages of unrolled networks",
    .examples = "@eval-figures configs/figures.ini data.NUDT-SIRST=/data/NUDT-SIRST --out runs/figures\n"
                "@eval-figures configs/figures.ini figures.images='000541 001190' figures.format=svg\n"
                "@eval-figures --help-config                                                # every key",
    .keys = figures_keys,
    .key_count = &figures_key_count,
    .trains = true,
    .check = figures_check,
    .write = figures_write,
};

int main(int argc, char **argv) {
    return experiment_main(&kind, argc, argv);
}
