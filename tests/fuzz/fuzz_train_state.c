/* last.h5 of a training: what a resumed one takes from it, and a step from there. The configuration is the one that
 * the seeds were trained with. */
#include "tests/fuzz/fuzzing.h"
#include "train/train_config.h"
#include "train/train_state.h"

#include <limits.h>
#include <math.h>
#include <string.h>

/* What a training has at hand when it resumes; the same for all inputs. */
static struct {
    config *c;
    detector *d;
    optimizer o;
    average a;
} run;

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed) {
    return fuzz_mutate_hdf5(data, size, room, seed);
}

static void begin(void) {
    static const char *const overrides[] = {"data.may_change=true"}; /* there is none here */
    if (run.c)
        return;
    optimizer_options options = optimizer_defaults(&optimizer_adam);
    fuzz_expect(train_config_read("../seeds/tiny.ini", overrides, 1, &run.c) == STATUS_OK &&
                    detector_new(fuzz_engine(), run.c, 1, &run.d) == STATUS_OK &&
                    optimizer_new(fuzz_engine(), detector_parameters(run.d), &options, &run.o) == STATUS_OK &&
                    average_new(fuzz_engine(), detector_parameters(run.d), config_real(run.c, "train.average"),
                                &run.a) == STATUS_OK,
                "no training");
}

static void check(const train_state *s) {
    const int64_t counters[] = {s->epoch,       s->batch,   s->step,    s->best_epoch, s->idle_evaluations,
                                s->epoch_steps, run.o.step, run.a.steps};
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++)
        fuzz_expect(counters[i] >= 0 && counters[i] < INT64_MAX / 1000, "a counter");
    fuzz_expect(s->batch <= INT_MAX && s->epoch <= config_int(run.c, "train.epochs"), "a place in the run");
    fuzz_expect(isfinite(s->best_score) && isfinite(s->norm_sum) && isfinite(s->images), "a number");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    train_state s = {0};
    begin();
    fuzz_write("last.h5", data, size);
    status code = train_state_load("last.h5", run.d, run.c, &run.o, &run.a, &s);
    fuzz_expect_outcome(code);
    if (code != STATUS_OK)
        return 0;
    check(&s);
    optimizer_step(&run.o, 1e-3, 0);
    average_add(&run.a, optimizer_average(&run.o));
    return 0;
}
