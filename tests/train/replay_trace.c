/* replay_trace FILE.h5: some steps of Adam from the file's initial weights, against the reference's run in float64.
 * FILE: attributes stages, bottleneck, channels, noise_carry, eta, lr, poly_power, batch, steps, total_steps;
 * images and masks (N x 1 x H x W, used in order, over and over), init/, grad1/ and grad1_f64/, trace_f64, final/.
 *
 * In float32 a few ReLU inputs near 0 fall on the other side, others with every order of summation, and move gradients
 * by up to a hundredth. How far, is measured tensor by tensor: by the reference's own float32 gradients, grad1, of
 * which twice the distance from grad1_f64 is allowed, and by our own gradients of images that differ by a rounding
 * error, of which NEAR times the largest change is. */
#include "tests/golden.h"

#include "core/base/rng.h"
#include "tests/support.h"
#include "train/optimizer.h"
#include "train/rules/schedule.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_LOSS_LIMIT 1e-5 /* relative: rounding of one forward pass */
#define TRACE_LIMIT 5e-4      /* relative: Adam turns rounding noise of near-zero gradients into whole steps */
#define OWN 2
#define NEAR 3
#define ROUNDING 1e-6 /* of a gradient's norm: what no ReLU has a part in */
enum { NEIGHBOURS = 4 };
#define NEIGHBOUR_NOISE 1.2e-7f /* of a pixel: the distance of two float32 numbers */
#define NOISE_NORM 1e-4         /* gradients smaller than this are rounding noise: compared absolutely */
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

/* L2 norms of one tensor's gradient. */
typedef struct distances {
    double norm;    /* of the reference in float64, */
    double ours;    /* and from it, */
    double largest; /* by the largest element; */
    double own;     /* of the reference in float32 from it */
} distances;

static status measure(const h5_file *f, const parameter *p, distances *out) {
    char path[512];
    void *exact, *rounded = NULL;
    size_t count, rounded_count = 0;
    snprintf(path, sizeof path, "grad1_f64/%s", p->name);
    TRY(golden_read(f, path, H5_FLOAT64, &exact, &count));
    snprintf(path, sizeof path, "grad1/%s", p->name);
    status result = golden_read(f, path, H5_FLOAT64, &rounded, &rounded_count);
    if (result == STATUS_OK && (count != p->count || rounded_count != count))
        result = status_fail(STATUS_INPUT, "%s: %s has %zu elements, expected %zu", h5_path(f), path, count, p->count);
    *out = (distances){0};
    for (size_t i = 0; i < p->count && result == STATUS_OK; i++) {
        double reference = ((double *)exact)[i], ours = p->grad[i] - reference,
               own = ((double *)rounded)[i] - reference;
        out->norm += reference * reference;
        out->ours += ours * ours;
        out->own += own * own;
        out->largest = deviation_worse(out->largest, fabs(ours));
    }
    free(exact);
    free(rounded);
    out->norm = sqrt(out->norm);
    out->ours = sqrt(out->ours);
    out->own = sqrt(out->own);
    return result;
}

/* `changes`: how far each tensor's gradient moves with the images. */
static status compare_gradients(const h5_file *f, detector *d, const double *changes, int *wrong) {
    const parameter_set *set = detector_parameters(d);
    double noise = 0, worst = 0, worst_off = 0;
    const char *name = "";
    for (int i = 0; i < set->count; i++) {
        const parameter *p = set->items[i];
        distances off;
        if (!p->grad)
            continue;
        TRY(measure(f, p, &off));
        if (off.norm <= NOISE_NORM) {
            noise = deviation_worse(noise, off.largest);
            continue;
        }
        double share = off.ours / (ROUNDING * off.norm + OWN * off.own + NEAR * changes[i]);
        if (!isnan(worst) && !(share <= worst)) {
            worst = share;
            worst_off = off.ours / off.norm;
            name = p->name;
        }
    }
    char what[300];
    snprintf(what, sizeof what, "gradients of step 1, of their limits (%.1e: %s)", worst_off, name);
    golden_limit(what, worst, 1, wrong);
    golden_limit("gradients that are rounding noise, absolute", noise, NOISE_LIMIT, wrong);
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
        worst_ratio = deviation_worse(worst_ratio, off / largest);
        free(theirs);
    }
    golden_limit("running statistics after the last step", worst_ratio, STATISTIC_LIMIT, wrong);
    return STATUS_OK;
}

static size_t batch_floats(const run_data *data) {
    return (size_t)data->r.batch * (size_t)data->width * (size_t)data->height;
}

static status train_step(const run_data *data, detector *d, const float *images, size_t at, detector_loss *loss) {
    return detector_train_step(
        d, &(detector_batch){.images = images, .masks = data->masks + at, .count = (int)data->r.batch}, loss);
}

/* The first batch, each pixel off by up to a rounding error. */
static void make_neighbour(const run_data *data, int number, float *out) {
    rng r = rng_new(1, (uint64_t)number);
    for (size_t i = 0; i < batch_floats(data); i++)
        out[i] = data->images[i] * (1 + NEIGHBOUR_NOISE * (float)(2 * rng_uniform(&r) - 1));
}

static double distance(const float *a, const float *b, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
    return sqrt(sum);
}

/* Of each tensor the largest change of its gradient among the neighbours of the first batch; `plain`: room for all
 * gradients. Weights stay; running statistics move. */
static status measure_changes(const run_data *data, detector *d, float *images, float *plain, double *changes) {
    const parameter_set *set = detector_parameters(d);
    detector_loss loss;
    for (int k = 0; k <= NEIGHBOURS; k++) {
        float *place = plain;
        if (k > 0)
            make_neighbour(data, k, images);
        TRY(train_step(data, d, k > 0 ? images : data->images, 0, &loss));
        for (int i = 0; i < set->count; i++) {
            const parameter *p = set->items[i];
            if (!p->grad)
                continue;
            if (k == 0)
                memcpy(place, p->grad, p->count * sizeof *place);
            else
                changes[i] = fmax(changes[i], distance(p->grad, place, p->count));
            place += p->count;
        }
    }
    return STATUS_OK;
}

static status replay(const h5_file *f, const run_data *data, detector *d, const double *changes, optimizer *adam,
                     int *wrong) {
    const recipe *r = &data->r;
    int64_t batches = data->count / r->batch;
    double off = 0, first = 0;
    const schedule poly = {SCHEDULE_POLY, .initial = r->learning_rate, .power = r->power,
                           .work = (double)r->total_steps, .steps_per_epoch = r->total_steps};
    for (int64_t step = 0; step < r->steps; step++) {
        size_t at = (size_t)(step % batches) * batch_floats(data);
        detector_loss loss;
        TRY(train_step(data, d, data->images + at, at, &loss));
        double relative = fabs(loss.total - data->trace[step]) / fabs(data->trace[step]);
        off = deviation_worse(off, relative);
        if (step == 0) {
            first = relative;
            TRY(compare_gradients(f, d, changes, wrong));
        }
        optimizer_step(adam, schedule_rate(&poly, 0, step), optimizer_gradient_norm(adam));
    }
    golden_limit("loss of step 1", first, FIRST_LOSS_LIMIT, wrong);
    golden_limit("loss of all steps", off, TRACE_LIMIT, wrong);
    return compare_statistics(f, d, wrong);
}

static status measure_and_replay(const h5_file *f, const run_data *data, detector *d, optimizer *adam, int *wrong) {
    const parameter_set *set = detector_parameters(d);
    size_t weights = 0;
    for (int i = 0; i < set->count; i++)
        weights += set->items[i]->count;
    float *images = malloc(batch_floats(data) * sizeof *images), *plain = malloc(weights * sizeof *plain);
    double *changes = calloc((size_t)set->count, sizeof *changes);
    status result = images && plain && changes ? golden_read_parameters(f, "init", d) : STATUS_MEMORY;
    detector_training training = {
        .batch_size = (int)data->r.batch, .width = data->width, .height = data->height, .eta = data->r.eta};
    if (result == STATUS_OK)
        result = detector_begin_training(d, &training);
    if (result == STATUS_OK)
        result = measure_changes(data, d, images, plain, changes);
    if (result == STATUS_OK)
        result = golden_read_parameters(f, "init", d); /* the running statistics have moved */
    if (result == STATUS_OK)
        result = replay(f, data, d, changes, adam, wrong);
    free(images);
    free(plain);
    free(changes);
    return result;
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
        result = measure_and_replay(f, data, d, &adam, wrong);
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
