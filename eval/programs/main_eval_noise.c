/* eval-noise: figures of methods on noisy images over the level of the noise. */
#include "eval/experiments/experiment_program.h"
#include "eval/experiments/noise_study.h"

static const experiment_program program = {
    .name = "eval-noise",
    .summary = "measures how methods stand Gaussian and salt-and-pepper noise: tables, curves, examples",
    .examples = "eval-noise configs/noise.ini data.SIRST=/data/SIRST --out runs/noise   # resumes where it stopped\n"
                "eval-noise configs/noise.ini noise.gaussian='0.001 0.01' noise.salt_and_pepper= noise.seeds=1\n"
                "eval-noise configs/noise.ini noise.place=before noise.range=unclipped --out runs/noise-before\n"
                "eval-noise --help-config                                               # every key",
    .keys = noise_keys,
    .key_count = &noise_key_count,
    .training = TRAINS_WHAT_IS_MISSING,
    .check = noise_study_check,
    .write = noise_study_write,
};

int main(int argc, char **argv) {
    return experiment_main(&program, argc, argv);
}
