/* replay_trace FILE.h5: some steps of Adam from the file's initial weights, against the reference's run in float64.
 * FILE: attributes stages, bottleneck, channels, noise_carry, eta, lr, poly_power, batch, steps, total_steps;
 * images and masks (N x 1 x H x W, used in order, over and over), init/, grad1_f64/, trace_f64, final/. */
#include "tests/golden.h"

#include "tests/support.h"
#include "train/optimizer.h"
#include "train/rules/schedule.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_LOSS_LIMIT 1e-5 /* relative: rounding of one forward pass */
#define TRACE_LIMIT 5e-4      /* relative: Adam turns rounding noise of near-zero gradients into whole steps */
#define GRADIENT_LIMIT 5e-3   /* relative L2; a few ReLU inputs near 0 fall on the other side in float32 */
#define NOISE_NORM 1e-4       /* gradients smaller than this are rounding noise: compared absolutely */
#define NOISE_LIMIT 1e-5
#define STATISTIC_LIMIT 1e-2 /* of the tensor's largest magnitude, after the last step */

typedef struct recipe {
    int64_t stages, bottleneck, channels, carry, batch, steps, total_steps;
    double eta, learning_rate, power;
} recipe;

typedef struct run_data {
    recipe r;
    float *images, *masks;
    double *trace;
    int count, width, height;
} run_data;

static status read_recipe(const h5_file *f, recipe *r) {
    TRY(h5_read_attribute_int(f, "/", "stages", &r->stages));
    TRY(h5_read_attribute_int(f, "/", "bottleneck", &r->bottleneck));
    TRY(h5_read_attribute_int(f, "/", "channels", &r->channels));
    TRY(h5_read_attribute_int(f, "/", "noise_carry", &r->carry));
    TRY(h5_read_attribute_int(f, "/", "batch", &r->batch));
    TRY(h5_read_attribute_int(f, "/", "steps", &r->steps));
    TRY(h5_read_attribute_int(f, "/", "total_steps", &r->total_steps));
    TRY(h5_read_attribute_double(f, "/", "eta", &r->eta));
    TRY(h5_read_attribute_double(f, "/", "lr", &r->learning_rate));
    return h5_read_attribute_double(f, "/", "poly_power", &r->power);
}

static status read_data(const h5_file *f, run_data *data) {
    TRY(read_recipe(f, &data->r));
    h5_shape shape;
    TRY(h5_get_shape(f, "images", &shape));
    if (shape.rank != 4 || shape.size[1] != 1 || data->r.batch < 1 || shape.size[0] % data->r.batch)
        return status_fail(STATUS_INPUT, "%s: images must be N x 1 x H x W, N a multiple of the batch", h5_path(f));
    data->count = (int)shape.size[0];
    data->height = (int)shape.size[2];
    data->width = (int)shape.size[3];
    void *images, *masks, *trace;
    size_t count, mask_count, steps;
    TRY(golden_read(f, "images", H5_FLOAT32, &images, &count));
    data->images = images;
    TRY(golden_read(f, "masks", H5_FLOAT32, &masks, &mask_count));
    data->masks = masks;
    TRY(golden_read(f, "trace_f64", H5_FLOAT64, &trace, &steps));
    data->trace = trace;
    if (mask_count != count || (int64_t)steps != data->r.steps)
        return status_fail(STATUS_INPUT, "%s: images, masks and trace_f64 do not fit together", h5_path(f));
    return STATUS_OK;
}

typedef struct worst {
    double relative, absolute;
    char name[256];
} worst;

static status compare_gradient(const h5_file *f, const parameter *p, worst *w) {
    char path[512];
    snprintf(path, sizeof path, "grad1_f64/%s", p->name);
    void *data;
    size_t count;
    TRY(golden_read(f, path, H5_FLOAT64, &data, &count));
    const double *reference = data;
    double norm = 0, difference = 0, largest = 0;
    for (size_t i = 0; i < p->count && count == p->count; i++) {
        double off = p->grad[i] - reference[i];
        norm += reference[i] * reference[i];
        difference += off * off;
        largest = fmax(largest, fabs(off));
    }
    free(data);
    if (count != p->count)
        return status_fail(STATUS_INPUT, "%s: %s has %zu elements, expected %zu", h5_path(f), path, count, p->count);
    if (sqrt(norm) <= NOISE_NORM)
        w->absolute = fmax(w->absolute, largest);
    else if (!(sqrt(difference / norm) <= w->relative)) {
        w->relative = sqrt(difference / norm);
        snprintf(w->name, sizeof w->name, "%s", p->name);
    }
    return STATUS_OK;
}

static status compare_gradients(const h5_file *f, detector *d, int *wrong) {
    worst w = {0};
    const parameter_set *set = detector_parameters(d);
    for (int i = 0; i < set->count; i++)
        if (set->items[i]->grad)
            TRY(compare_gradient(f, set->items[i], &w));
    char what[300];
    snprintf(what, sizeof what, "gradients of step 1 (worst: %s)", w.name);
    golden_limit(what, w.relative, GRADIENT_LIMIT, wrong);
    golden_limit("gradients that are rounding noise, absolute", w.absolute, NOISE_LIMIT, wrong);
    return STATUS_OK;
}

static status compare_statistics(const h5_file *f, detector *d, int *wrong) {
    double worst_ratio = 0;
    const parameter_set *set = detector_parameters(d);
    for (int i = 0; i < set->count; i++) {
        const parameter *p = set->items[i];
        if (p->kind == PARAMETER_TRAINED)
            continue;
        char path[512];
        void *theirs;
        size_t count;
        snprintf(path, sizeof path, "final/%s", p->name);
        TRY(golden_read(f, path, H5_FLOAT32, &theirs, &count));
        double largest = 1, off = count == p->count ? golden_difference(p->value, theirs, count, &largest) : NAN;
        worst_ratio = off / largest <= worst_ratio ? worst_ratio : off / largest;
        free(theirs);
    }
    golden_limit("running statistics after the last step", worst_ratio, STATISTIC_LIMIT, wrong);
    return STATUS_OK;
}

static status replay(const h5_file *f, const run_data *data, detector *d, optimizer *adam, int *wrong) {
    const recipe *r = &data->r;
    size_t batch_floats = (size_t)r->batch * (size_t)data->width * (size_t)data->height;
    int64_t batches = data->count / r->batch;
    double off = 0, first = 0;
    TRY(golden_read_parameters(f, "init", d));
    TRY(detector_begin_training(
        d, &(detector_training){
               .batch_size = (int)r->batch, .width = data->width, .height = data->height, .eta = r->eta}));
    const schedule poly = {SCHEDULE_POLY, .initial = r->learning_rate, .power = r->power,
                           .work = (double)r->total_steps};
    for (int64_t step = 0; step < r->steps; step++) {
        size_t at = (size_t)(step % batches) * batch_floats;
        detector_loss loss;
        TRY(detector_train_step(
            d, &(detector_batch){.images = data->images + at, .masks = data->masks + at, .count = (int)r->batch},
            &loss));
        double relative = fabs(loss.total - data->trace[step]) / fabs(data->trace[step]);
        off = relative <= off ? off : relative;
        if (step == 0) {
            first = relative;
            TRY(compare_gradients(f, d, wrong));
        }
        optimizer_step(adam, schedule_rate(&poly, step), optimizer_gradient_norm(adam));
    }
    golden_limit("loss of step 1", first, FIRST_LOSS_LIMIT, wrong);
    golden_limit("loss of all steps", off, TRACE_LIMIT, wrong);
    return compare_statistics(f, d, wrong);
}

static status build_and_replay(const h5_file *f, const run_data *data, int *wrong) {
    const recipe *r = &data->r;
    char stages[24], bottleneck[24], channels[24];
    snprintf(stages, sizeof stages, "%lld", (long long)r->stages);
    snprintf(bottleneck, sizeof bottleneck, "%lld", (long long)r->bottleneck);
    snprintf(channels, sizeof channels, "%lld", (long long)r->channels);
    const char *options[] = {"model.stages",
                             stages,
                             "model.bottleneck_channels",
                             bottleneck,
                             "model.total_channels",
                             channels,
                             "model.carry_noise",
                             r->carry ? "true" : "false",
                             NULL};
    detector *d;
    optimizer adam = {0};
    optimizer_options defaults = optimizer_defaults(&optimizer_adam);
    TRY(golden_detector(options, &d));
    status result = optimizer_new(test_engine(), detector_parameters(d), &defaults, &adam);
    if (result == STATUS_OK)
        result = replay(f, data, d, &adam, wrong);
    optimizer_free(&adam);
    detector_free(d);
    return result;
}

static status check(char **files, int *wrong) {
    h5_file *f;
    run_data data = {0};
    TRY(h5_open(files[0], &f));
    status result = read_data(f, &data);
    if (result == STATUS_OK)
        result = build_and_replay(f, &data, wrong);
    free(data.images);
    free(data.masks);
    free(data.trace);
    h5_close(f);
    return result;
}

int main(int argc, char **argv) {
    return golden_main(argc, argv, 1, "replay_trace FILE.h5", check);
}
