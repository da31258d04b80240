/* bin/bench: see --help. */
#include "bench/bench.h"
#include "bench/samples.h"
#include "core/config/cli.h"

#include <string.h>

enum { LARGEST_REPEAT = SAMPLES_MAXIMUM / 4 }; /* a part may take a few samples per run */

static int threads;
static bench_options settings = {.size = 256, .batch = 8, .method = "rpcanet_plus"};

static const cli_option options[] = {
    {"threads", CLI_INT, &threads, "N", "how many; 0: one per available processor"},
    {"size", CLI_INT, &settings.size, "N", "images of N x N pixels"},
    {"repeat", CLI_INT, &settings.repeat, "N", "timed runs of each thing; 0: conv 30, model 15, train 5, peers 100"},
    {"batch", CLI_INT, &settings.batch, "N", "train, scaling: images of a step"},
    {"int8", CLI_FLAG, &settings.int8, NULL, "model: also in int8, as --precision int8 of @detect"},
    {"stages", CLI_FLAG, &settings.stages, NULL, "model: also the time for 1, 2, ... model.stages stages"},
    {"scaling", CLI_FLAG, &settings.scaling, NULL, "train: also the time with one thread"},
    {"checkpointing", CLI_FLAG, &settings.checkpointing, NULL,
     "train: keep the results of the stages only, as train.checkpointing = stage"},
    {"fast", CLI_FLAG, &settings.fast, NULL, "train: as train.arithmetic = fast"},
    {"write-expected", CLI_FLAG, &settings.write_expected, NULL,
     "conv: store the shares in bench/expected_shares.ini instead of comparing with it"},
};

/* Of the arguments' first word; without one all parts run, each with those that are for it. */
static const cli_scope scopes[] = {
    {"threads", "conv, model, train, scaling"},
    {"size", "conv, model, train, scaling"},
    {"repeat", "conv, model, train, peers"},
    {"batch", "train, scaling"},
    {"int8", "model"},
    {"stages", "model"},
    {"scaling", "train"},
    {"checkpointing", "train"},
    {"fast", "train"},
    {"write-expected", "conv"},
};

static const cli_program program = {
    .name = "bench",
    .summary = "times convolutions, detection and training; prints lines `name value unit`",
    .arguments = "[conv | model [NAME] | train [NAME] | scaling [NAME] | peers] [model.key=value ...] [options]",
    .examples = "@bench                                  # conv, model and train\n"
                "@bench conv                             # kernels: ms, GFLOP/s, share of the FMA peak\n"
                "@bench conv --write-expected            # after a change that is meant to be\n"
                "@bench model --stages                   # RPCANet+: ms for one image, by number of stages too\n"
                "@bench model --int8                     # float and int8 in turns, on all threads and on one\n"
                "@bench train --checkpointing            # less memory, more time\n"
                "@bench scaling                          # a model of 2 to 16 threads from times of one\n"
                "mpirun -np 2 @bench peers               # between processes: latency, sum of gradients\n"
                "@bench train rpcanet_plus model.bottleneck_channels=16 --scaling\n",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .scopes = scopes,
    .scope_count = sizeof scopes / sizeof *scopes,
};

static status check_range(const char *option, int value, int least, int most) {
    if (value < least || value > most)
        return status_fail(STATUS_USAGE, "--%s %d: expected %d to %d", option, value, least, most);
    return STATUS_OK;
}

/* [NAME] [section.key=value ...] */
static void take_network(const char **arguments, int count) {
    if (count > 0 && !strchr(arguments[0], '=')) {
        settings.method = *arguments++;
        count--;
    }
    settings.overrides = arguments;
    settings.override_count = count;
}

static status run_part(const char *part, const char **arguments, int count) {
    if (!strcmp(part, "conv"))
        return count == 0 ? bench_conv(&settings)
                          : status_fail(STATUS_USAGE, "conv %.100s: conv takes no arguments", arguments[0]);
    if (!strcmp(part, "peers"))
        return count == 0 ? bench_peers(&settings)
                          : status_fail(STATUS_USAGE, "peers %.100s: peers takes no arguments", arguments[0]);
    take_network(arguments, count);
    if (!strcmp(part, "model"))
        return bench_model(&settings);
    if (!strcmp(part, "train"))
        return bench_train(&settings);
    if (!strcmp(part, "scaling"))
        return bench_scaling(&settings);
    return status_fail(STATUS_USAGE, "%.100s: expected conv, model, train, scaling or peers", part);
}

static status run_all(void) {
    TRY(bench_conv(&settings));
    TRY(bench_model(&settings));
    return bench_train(&settings);
}

static status run(int argc, char **argv) {
    cli_action action;
    const char **arguments;
    int count;
    TRY(cli_parse(&program, argc, argv, &action, &arguments, &count));
    if (action == CLI_DONE)
        return STATUS_OK;
    TRY(check_range("threads", threads, 0, ENGINE_MOST_THREADS));
    TRY(check_range("size", settings.size, 1, 8192));
    TRY(check_range("repeat", settings.repeat, 0, LARGEST_REPEAT));
    TRY(check_range("batch", settings.batch, 1, 1024));
    TRY(engine_new(threads, &settings.engine));
    status result = count > 0 ? run_part(arguments[0], arguments + 1, count - 1) : run_all();
    engine_free(settings.engine);
    return result;
}

int main(int argc, char **argv) {
    return cli_finish(&program, run(argc, argv));
}
