/* compare_formula METHOD FILE.h5: a network with weights given by a formula, against the reference network in float64.
 * FILE: eval_X/{input, f64/T, f64/D}; train_frozen (statistics fixed) and train (batch statistics), each with input,
 * mask, f64/loss/{softiou, mse, total} and, per parameter, f64/{grad_l2, grad_sum, grad_first8}; param_names,
 * buffer_names, buffer_offset. The formula: README_formula.txt beside the file. */
#include "tests/golden.h"

#include "modules/detector_type.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAP_LIMIT 1e-5    /* of the map's largest magnitude */
#define LOSS_LIMIT 1e-6   /* relative */
#define FROZEN_LIMIT 1e-3 /* relative, per tensor */
/* With batch statistics, gradients that nearly vanish are ill-conditioned, and a ReLU input near 0 that changes side in
 * float32 moves some of them by percents: the reference's own float32 run is off by up to 44 %. A tensor may be off by
 * BATCH_FACTOR times that run's error or by BATCH_LIMIT; a few in a hundred, which such a change meets and did not meet
 * there, by FLIP_FACTOR times as much. */
#define BATCH_FACTOR 3
#define BATCH_LIMIT 5e-3 /* relative */
#define FLIP_FACTOR 5
#define FLIP_SHARE 0.02 /* of all tensors */
#define STATISTIC_LIMIT 1e-4
/* A bias in front of a batch norm has no gradient but rounding noise: this small in float64, that small in float32. */
#define NOISE_F64 1e-12
#define NOISE_F32 1e-5

/* --- the formula --- */

static double uniform(uint32_t seed, size_t index) {
    uint64_t z = ((uint64_t)seed << 32) + index + 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    z ^= z >> 31;
    return (double)(z >> 40) / 16777216.0 * 2 - 1;
}

static bool ends_with(const char *name, const char *end) {
    size_t length = strlen(name), part = strlen(end);
    return length >= part && !strcmp(name + length - part, end);
}

/* A one-dimensional weight belongs to a batch norm if that layer has a running mean. */
static bool is_norm_weight(const parameter_set *set, const parameter *p) {
    char mean[256];
    if (p->rank != 1 || !ends_with(p->name, ".weight"))
        return false;
    snprintf(mean, sizeof mean, "%.*s.running_mean", (int)(strlen(p->name) - strlen(".weight")), p->name);
    return parameter_find(set, mean) != NULL;
}

static double formula_value(const parameter_set *set, const parameter *p, double u) {
    if (p->kind == PARAMETER_COUNTER)
        return 0;
    if (p->rank >= 2)
        return u * sqrt(3.0 / (double)(p->count / (size_t)p->shape[0]));
    if (ends_with(p->name, ".running_mean"))
        return 0.05 * u;
    if (ends_with(p->name, ".running_var"))
        return 1 + 0.2 * fabs(u);
    return is_norm_weight(set, p) ? 1 + 0.1 * u : 0.05 * u;
}

static void fill_by_formula(const parameter_set *set) {
    for (int i = 0; i < set->count; i++) {
        const parameter *p = set->items[i];
        uint32_t seed = 2166136261u;
        for (const char *c = p->name; *c; c++)
            seed = (seed ^ (unsigned char)*c) * 16777619u;
        for (size_t k = 0; k < p->count; k++)
            p->value[k] = (float)formula_value(set, p, uniform(seed, k));
    }
}

/* --- evaluation --- */

static status compare_output(const h5_file *f, const char *group, const char *name, const float *ours, size_t pixels,
                             int *wrong) {
    char path[128];
    void *theirs;
    size_t count;
    snprintf(path, sizeof path, "%s/f64/%s", group, name);
    TRY(golden_read(f, path, H5_FLOAT32, &theirs, &count));
    double largest = 1, off = count == pixels ? golden_difference(ours, theirs, count, &largest) : NAN;
    free(theirs);
    golden_limit(path, off / largest, MAP_LIMIT, wrong);
    return STATUS_OK;
}

static status compare_evaluation(const h5_file *f, detector *d, const char *group, int *wrong) {
    char path[128];
    h5_shape shape;
    void *input;
    size_t count;
    snprintf(path, sizeof path, "%s/input", group);
    TRY(h5_get_shape(f, path, &shape));
    if (shape.rank != 4)
        return status_fail(STATUS_INPUT, "%s: %s is not N x C x H x W", h5_path(f), path);
    TRY(golden_read(f, path, H5_FLOAT32, &input, &count));
    detector_maps maps;
    status result = detector_run(d, input, (int)shape.size[3], (int)shape.size[2], DETAIL_RECONSTRUCTION, &maps);
    free(input);
    TRY(result);
    TRY(compare_output(f, group, "T", maps.logit, count, wrong));
    return compare_output(f, group, "D", maps.reconstruction, count, wrong);
}

/* --- gradients --- */

/* Recorded here rather than through the detector, for statistics that are fixed although it trains. */
typedef struct training_graph {
    tape *t;
    node *image, *mask;
    loss_nodes loss;
} training_graph;

static status record(const config *options, parameter_set *parameters, norm_statistics statistics, const int n[4],
                     training_graph *out) {
    TRY(tape_new(n[0], &out->t));
    network net = {.t = out->t, .parameters = parameters, .statistics = statistics, .training = true};
    network_outputs outputs = {0};
    out->image = tape_input(out->t, n[0], 1, n[2], n[3]);
    out->mask = tape_input(out->t, n[0], 1, n[2], n[3]);
    const detector_type *type = detector_type_find(config_text(options, "model.name"));
    type->build(options, &net, out->image, &outputs);
    type->loss(&net, &outputs, out->image, out->mask, 0.1, &out->loss);
    for (int i = 0; i < out->loss.part_count; i++)
        tape_pin(out->t, out->loss.parts[i]);
    return tape_plan(out->t, out->loss.total);
}

static status compare_loss(const h5_file *f, const char *group, const char *name, double ours, int *wrong) {
    char path[128];
    double theirs;
    snprintf(path, sizeof path, "%s/f64/loss/%s", group, name);
    TRY(h5_read(f, path, H5_FLOAT64, 1, &theirs));
    golden_limit(path, fabs(ours - theirs) / fabs(theirs), LOSS_LIMIT, wrong);
    return STATUS_OK;
}

/* Norm, sum and first elements of one gradient. The sum cancels, so its error is measured against the norm times the
 * square root of the number of elements, the size of a sum without cancellation. */
static double gradient_error(const parameter *p, double l2, double sum, const double *first8) {
    double squares = 0, total = 0, worst = 0;
    for (size_t i = 0; i < p->count; i++) {
        squares += (double)p->grad[i] * p->grad[i];
        total += p->grad[i];
        if (i < 8)
            worst = fmax(worst, fabs(p->grad[i] - first8[i]));
    }
    if (l2 <= NOISE_F64)
        return sqrt(squares) <= NOISE_F32 ? 0 : INFINITY;
    double error = fabs(sqrt(squares) - l2) / l2;
    error = fmax(error, fabs(total - sum) / (l2 * sqrt((double)p->count)));
    return fmax(error, worst / l2);
}

typedef struct golden_gradients {
    char **names;
    int count;
    double *l2, *sum, *first8;
    double *relative_f32; /* error of the reference's own float32 run */
} golden_gradients;

static void free_gradients(golden_gradients *g) {
    for (int i = 0; i < g->count; i++)
        free(g->names[i]);
    free(g->names);
    free(g->l2);
    free(g->sum);
    free(g->first8);
    free(g->relative_f32);
}

static status read_column(const h5_file *f, const char *group, const char *name, size_t expected, double **out) {
    char path[128];
    void *data;
    size_t count;
    snprintf(path, sizeof path, "%s/%s", group, name);
    TRY(golden_read(f, path, H5_FLOAT64, &data, &count));
    *out = data;
    if (count != expected)
        return status_fail(STATUS_INPUT, "%s: %s has %zu elements, expected %zu", h5_path(f), path, count, expected);
    return STATUS_OK;
}

static status read_gradients(const h5_file *f, const char *group, golden_gradients *g) {
    char path[128];
    snprintf(path, sizeof path, "%s/param_names", group);
    TRY(h5_read_strings(f, path, &g->names, &g->count));
    size_t count = (size_t)g->count;
    TRY(read_column(f, group, "f64/grad_l2", count, &g->l2));
    TRY(read_column(f, group, "f64/grad_sum", count, &g->sum));
    TRY(read_column(f, group, "f64/grad_first8", 8 * count, &g->first8));
    return read_column(f, group, "grad_relerr_f32", count, &g->relative_f32);
}

/* The worst tensor, as a share of what it may be off by; and how many are beyond. */
static void compare_gradients(const golden_gradients *g, const parameter_set *set, const char *group,
                              norm_statistics statistics, int *wrong) {
    double worst = 0, worst_error = 0, factor = statistics == NORM_BATCH ? FLIP_FACTOR : 1;
    const char *name = "";
    int beyond = 0;
    for (int i = 0; i < g->count; i++) {
        const parameter *p = parameter_find(set, g->names[i]);
        double error = p && p->grad ? gradient_error(p, g->l2[i], g->sum[i], g->first8 + 8 * i) : NAN;
        double limit = statistics == NORM_BATCH ? fmax(BATCH_LIMIT, BATCH_FACTOR * g->relative_f32[i]) : FROZEN_LIMIT;
        beyond += !(error <= limit);
        if (!(error / limit <= worst)) {
            worst = error / limit;
            worst_error = error;
            name = g->names[i];
        }
    }
    char what[300];
    snprintf(what, sizeof what, "%s: %s, off by", group, name);
    golden_limit(what, worst_error, factor * worst_error / worst, wrong);
    snprintf(what, sizeof what, "%s: share of tensors off by more than a %gth of that", group, factor);
    if (factor > 1)
        golden_limit(what, (double)beyond / g->count, FLIP_SHARE, wrong);
    *wrong += isnan(worst);
}

static status compare_statistics(const h5_file *f, const parameter_set *set, int *wrong) {
    char **names;
    int count;
    void *values, *offsets;
    size_t value_count, offset_count;
    TRY(h5_read_strings(f, "train/buffer_names", &names, &count));
    TRY(golden_read(f, "train/f64/buffer_values", H5_FLOAT32, &values, &value_count));
    TRY(golden_read(f, "train/buffer_offset", H5_INT32, &offsets, &offset_count));
    double worst = 0;
    for (int i = 0; i < count; i++) {
        const parameter *p = parameter_find(set, names[i]);
        double largest = 1, off = NAN;
        if (p && (size_t)((int32_t *)offsets)[i] + p->count <= value_count)
            off = golden_difference(p->value, (float *)values + ((int32_t *)offsets)[i], p->count, &largest);
        worst = off / largest <= worst ? worst : off / largest;
        free(names[i]);
    }
    free(names);
    free(values);
    free(offsets);
    golden_limit("train: running statistics", worst, STATISTIC_LIMIT, wrong);
    return STATUS_OK;
}

static status run_graph(const h5_file *f, const char *group, training_graph *graph, parameter_set *set) {
    char path[128];
    void *input, *mask;
    size_t count, mask_count;
    snprintf(path, sizeof path, "%s/input", group);
    TRY(golden_read(f, path, H5_FLOAT32, &input, &count));
    snprintf(path, sizeof path, "%s/mask", group);
    status result = golden_read(f, path, H5_FLOAT32, &mask, &mask_count);
    if (result == STATUS_OK && ((int64_t)count != tensor_count(&graph->image->value) || mask_count != count))
        result = status_fail(STATUS_INPUT, "%s: input and mask of %s differ in size", h5_path(f), group);
    if (result == STATUS_OK) {
        tensor_from_array(&graph->image->value, input);
        tensor_from_array(&graph->mask->value, mask);
        parameter_clear_gradients(set);
        result = tape_forward(graph->t);
        tape_backward(graph->t);
    }
    free(input);
    free(mask);
    return result;
}

static status compare_training(const h5_file *f, const config *options, parameter_set *set, const char *group,
                               norm_statistics statistics, int *wrong) {
    char path[128];
    h5_shape shape;
    snprintf(path, sizeof path, "%s/input", group);
    TRY(h5_get_shape(f, path, &shape));
    if (shape.rank != 4)
        return status_fail(STATUS_INPUT, "%s: %s is not N x C x H x W", h5_path(f), path);
    int n[4];
    for (int i = 0; i < 4; i++)
        n[i] = (int)shape.size[i];
    training_graph graph = {0};
    golden_gradients golden = {0};
    status result = record(options, set, statistics, n, &graph);
    if (result == STATUS_OK)
        result = run_graph(f, group, &graph, set);
    if (result == STATUS_OK)
        result = compare_loss(f, group, "softiou", *graph.loss.parts[0]->value.data, wrong);
    if (result == STATUS_OK)
        result = compare_loss(f, group, "mse", *graph.loss.parts[1]->value.data, wrong);
    if (result == STATUS_OK)
        result = compare_loss(f, group, "total", *graph.loss.total->value.data, wrong);
    if (result == STATUS_OK)
        result = read_gradients(f, group, &golden);
    if (result == STATUS_OK)
        compare_gradients(&golden, set, group, statistics, wrong);
    free_gradients(&golden);
    tape_free(graph.t);
    return result;
}

static status compare_all(const h5_file *f, const config *options, detector *d, int *wrong) {
    parameter_set *set = detector_parameters(d);
    fill_by_formula(set);
    TRY(compare_evaluation(f, d, "eval_a", wrong));
    TRY(compare_evaluation(f, d, "eval_b", wrong));
    TRY(compare_training(f, options, set, "train_frozen", NORM_RUNNING, wrong));
    TRY(compare_training(f, options, set, "train", NORM_BATCH, wrong));
    return compare_statistics(f, set, wrong);
}

static status check(char **arguments, int *wrong) {
    h5_file *f;
    detector *d = NULL;
    config *options = NULL;
    TRY(h5_open(arguments[1], &f));
    status result = config_new(&options);
    if (result == STATUS_OK)
        result = config_declare(options, &detector_name_key, 1);
    if (result == STATUS_OK)
        result = config_set(options, "model.name", arguments[0], "METHOD");
    if (result == STATUS_OK)
        result = detector_declare_options(options); /* the defaults are the networks of the files */
    if (result == STATUS_OK)
        result = detector_new(options, 1, &d);
    if (result == STATUS_OK)
        result = compare_all(f, options, d, wrong);
    detector_free(d);
    config_free(options);
    h5_close(f);
    return result;
}

int main(int argc, char **argv) {
    return golden_main(argc, argv, 2, "compare_formula METHOD FILE.h5", check);
}
