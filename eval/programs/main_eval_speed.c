/* eval-speed: the time that methods take for an image. */
#include "eval/experiments/experiment_program.h"
#include "eval/experiments/speed_study.h"

static const experiment_program program = {
    .name = "eval-speed",
    .summary = "times methods on images of several sizes: the median of many warm runs",
    .examples = "eval-speed configs/speed.ini data.NUDT-SIRST=/data/NUDT-SIRST evaluate.threads=1\n"
                "eval-speed configs/speed.ini speed.sizes='128 256' speed.runs=100 methods.IPI= # without IPI\n"
                "eval-speed --help-config                                                      # every key",
    .keys = speed_keys,
    .key_count = &speed_key_count,
    .training = TRAINS_NOTHING,
    .check = speed_study_check,
    .write = speed_study_write,
};

int main(int argc, char **argv) {
    return experiment_main(&program, argc, argv);
}
