/* compare_network FILE.h5 [GROUP]: a network with weights given by a formula, against the reference network in float64.
 * Which network it is, the names and shapes in the file tell.
 *
 * FILE: state/{names, shape, ndim}; eval_X/{image, input, f64/HEAD or f32/HEAD}; train_frozen (statistics fixed),
 * train4 or train, and train_warm (batch statistics), each with input, mask, f64/loss/NAME, gradients and running
 * statistics (golden_gradients.h). */
#include "tests/formula.h"
#include "tests/golden_gradients.h"

#include "modules/detector_type.h"
#include "tests/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_LIMIT 1e-6 /* of the largest magnitude */
#define MAP_LIMIT 5e-6   /* of the map's largest magnitude */
#define LOSS_LIMIT 1e-6  /* relative */
/* Where norm layers see four values per channel (train4), rounding errors grow on their way to the losses. */
#define TRAIN4_LOSS_LIMIT 1e-5

/* What the file is about. */
typedef struct subject {
    const h5_file *f;
    const detector_type *type;
    config *options;
    detector *d; /* owns the parameters */
} subject;

typedef struct object_path {
    char text[160];
} object_path;

static object_path path_of(const char *group, const char *name) {
    object_path out;
    snprintf(out.text, sizeof out.text, "%s/%s", group, name);
    return out;
}

/* --- the network --- */

typedef struct golden_state {
    char **names;
    named_shape *tensors;
    int count;
} golden_state;

static void free_state(golden_state *s) {
    for (int i = 0; i < s->count; i++)
        free(s->names[i]);
    free(s->names);
    free(s->tensors);
}

static status read_state(const h5_file *f, golden_state *out) {
    void *shapes = NULL, *ranks = NULL;
    size_t shape_count = 0, rank_count = 0;
    TRY(h5_read_strings(f, "state/names", &out->names, &out->count));
    out->tensors = calloc((size_t)out->count, sizeof *out->tensors);
    status result = out->tensors ? golden_read(f, "state/shape", H5_INT32, &shapes, &shape_count)
                                 : status_fail(STATUS_MEMORY, "out of memory for the names in %s", h5_path(f));
    if (result == STATUS_OK)
        result = golden_read(f, "state/ndim", H5_INT32, &ranks, &rank_count);
    if (result == STATUS_OK && (shape_count != 4 * rank_count || rank_count != (size_t)out->count))
        result = status_fail(STATUS_INPUT, "%s: names, shapes and ranks in state differ in number", h5_path(f));
    for (int i = 0; result == STATUS_OK && i < out->count; i++) {
        out->tensors[i] = (named_shape){.name = out->names[i], .rank = ((int32_t *)ranks)[i]};
        for (int k = 0; k < 4; k++)
            out->tensors[i].shape[k] = ((int32_t *)shapes)[4 * i + k];
    }
    free(shapes);
    free(ranks);
    return result;
}

/* What no shape tells, the attributes of the file say in words. */
static const struct {
    const char *attribute, *words, *key, *value;
} told[] = {
    {"loss", "BasicIRSTD", "model.loss", "soft_iou"},
    {"loss", "dropout p set to 0", "model.dropout", "0"},
    {"preprocessing", "(grey-", "model.own_maximum", "false"},
};

static status set_constants(config *options, const char *preprocessing) {
    double mean, deviation;
    char text[32];
    if (sscanf(preprocessing, "(grey-%lf)/%lf", &mean, &deviation) != 2)
        return STATUS_OK;
    snprintf(text, sizeof text, "%.9g", mean / 255);
    TRY(config_set(options, "model.mean", text, "golden file"));
    snprintf(text, sizeof text, "%.9g", deviation / 255);
    return config_set(options, "model.std", text, "golden file");
}

static status set_what_is_told(const h5_file *f, const char *attribute, config *options) {
    char *text;
    TRY(h5_read_attribute_text(f, "/", attribute, &text));
    status result = !strcmp(attribute, "preprocessing") ? set_constants(options, text) : STATUS_OK;
    for (size_t i = 0; i < sizeof told / sizeof *told && result == STATUS_OK; i++)
        if (!strcmp(told[i].attribute, attribute) && strstr(text, told[i].words))
            result = config_set(options, told[i].key, told[i].value, "golden file");
    free(text);
    return result;
}

static bool same_tensor(const parameter *p, const named_shape *t) {
    bool same = !strcmp(p->name, t->name) && p->rank == t->rank;
    for (int i = 0; same && i < p->rank; i++)
        same = p->shape[i] == t->shape[i];
    return same;
}

static status compare_state(const subject *s, const golden_state *golden, int *wrong) {
    const parameter_set *set = detector_parameters(s->d);
    int different = abs(set->count - golden->count);
    for (int i = 0; i < set->count && i < golden->count; i++)
        different += !same_tensor(set->items[i], &golden->tensors[i]);
    char what[96];
    snprintf(what, sizeof what, "%s: %d tensors by order, name and shape", s->type->name, golden->count);
    golden_limit(what, different, 0, wrong);
    int64_t trained;
    TRY(h5_read_attribute_int(s->f, "/", "parameters", &trained));
    snprintf(what, sizeof what, "%s: %lld parameters", s->type->name, (long long)trained);
    golden_limit(what, fabs((double)(trained - parameter_count_trained(set))), 0, wrong);
    return STATUS_OK;
}

static status create(subject *s, const golden_state *golden) {
    TRY(config_new(&s->options));
    status result = detector_options_from_tensors(golden->tensors, golden->count, s->options);
    if (result != STATUS_OK)
        return status_prefix(result, "%s", h5_path(s->f));
    TRY(set_what_is_told(s->f, "loss", s->options));
    TRY(set_what_is_told(s->f, "preprocessing", s->options));
    TRY(config_check(s->options));
    s->type = detector_type_find(config_text(s->options, "model.name"));
    return detector_new(test_engine(), s->options, 1, &s->d);
}

/* --- one recorded network --- */

/* Recorded here rather than through the detector, for statistics that are fixed although it trains, and for images that
 * are prepared already. */
typedef struct graph {
    tape *t;
    node *image, *mask;
    network_outputs outputs;
    loss_nodes loss;
} graph;

/* The groups were made in the last phase of training, apart from one made in the first. */
static int phase_of(const subject *s, const char *group) {
    return strcmp(group, "train_warm") ? detector_last_phase(s->d) : detector_phase(s->d, 0);
}

static void pin_outputs(graph *g) {
    for (int i = 0; i < g->outputs.head_count; i++)
        tape_pin(g->t, g->outputs.heads[i]);
    tape_pin(g->t, g->outputs.logit);
    tape_pin(g->t, g->outputs.reconstruction);
    for (int i = 0; i < g->loss.part_count; i++)
        tape_pin(g->t, g->loss.parts[i]);
}

static status record(const subject *s, const char *group, norm_statistics statistics, bool training, graph *g) {
    h5_shape n;
    TRY(h5_get_shape(s->f, path_of(group, "input").text, &n));
    if (n.rank != 4)
        return status_fail(STATUS_INPUT, "%s: %s/input is not N x C x H x W", h5_path(s->f), group);
    int images = (int)n.size[0], h = (int)n.size[2], w = (int)n.size[3];
    TRY(tape_new(test_engine(), images, &g->t));
    network net = {.t = g->t,
                   .parameters = detector_parameters(s->d),
                   .statistics = statistics,
                   .training = training,
                   .phase = phase_of(s, group)};
    g->image = tape_input(g->t, images, (int)n.size[1], h, w);
    g->mask = training ? tape_input(g->t, images, 1, h, w) : NULL;
    s->type->build(s->options, &net, g->image, &g->outputs);
    if (training)
        s->type->loss(s->options, &net, &g->outputs, g->image, g->mask, 0.1, &g->loss);
    pin_outputs(g);
    return tape_plan(g->t, g->loss.total);
}

static status fill(const subject *s, const char *group, const char *name, const node *leaf) {
    void *values;
    size_t count;
    object_path path = path_of(group, name);
    TRY(golden_read(s->f, path.text, H5_FLOAT32, &values, &count));
    bool fits = (int64_t)count == tensor_count(&leaf->value);
    if (fits)
        tensor_from_array(&leaf->value, values);
    free(values);
    return fits ? STATUS_OK : status_fail(STATUS_INPUT, "%s: %s has %zu elements", h5_path(s->f), path.text, count);
}

/* --- evaluation --- */

/* Deviation of a value on the tape from a dataset, of its largest magnitude. */
static status compare_value(const subject *s, const char *dataset, const tensor *ours, double limit, int *wrong) {
    void *theirs;
    size_t count;
    TRY(golden_read(s->f, dataset, H5_FLOAT32, &theirs, &count));
    float *values = malloc(count * sizeof *values);
    double largest = 1, off = NAN;
    if (values && ours && (int64_t)count == tensor_count(ours)) {
        tensor_to_array(ours, values);
        off = golden_difference(values, theirs, count, &largest);
    }
    free(values);
    free(theirs);
    golden_limit(dataset, off / largest, limit, wrong);
    return STATUS_OK;
}

/* The network's own preparation of the grey image must give the input that is in the file. */
static status compare_input(const subject *s, const char *group, const node *leaf, int *wrong) {
    void *image;
    size_t count;
    object_path path = path_of(group, "image");
    TRY(golden_read(s->f, path.text, H5_FLOAT32, &image, &count));
    if (count != (size_t)leaf->value.h * (size_t)leaf->value.w) {
        free(image);
        return status_fail(STATUS_INPUT, "%s: %s is not H x W", h5_path(s->f), path.text);
    }
    float *grey = image;
    for (size_t i = 0; i < count; i++)
        grey[i] /= 255;
    input_format format = detector_type_input(s->type, s->options);
    input_fill(&format, grey, &leaf->value);
    free(image);
    return compare_value(s, path_of(group, "input").text, &leaf->value, INPUT_LIMIT, wrong);
}

static const node *output_called(const network_outputs *o, const char *name) {
    for (int i = 0; i < o->head_count; i++)
        if (!strcmp(o->head_names[i], name))
            return o->heads[i];
    if (!strcmp(name, "D"))
        return o->reconstruction;
    return o->head_count == 0 ? o->logit : NULL;
}

typedef struct golden_visit {
    const subject *s;
    const graph *g;
    const char *group;
    int *wrong;
} golden_visit;

/* Some heads are in the file in float32 only. */
static status compare_head(void *context, const char *name) {
    const golden_visit *v = context;
    char path[160];
    snprintf(path, sizeof path, "%s/f64/%s", v->group, name);
    if (!h5_exists(v->s->f, path))
        snprintf(path, sizeof path, "%s/f32/%s", v->group, name);
    const node *head = output_called(&v->g->outputs, name);
    return compare_value(v->s, path, head ? &head->value : NULL, MAP_LIMIT, v->wrong);
}

static status evaluate(const subject *s, const char *group, graph *g, int *wrong) {
    TRY(record(s, group, NORM_RUNNING, false, g));
    TRY(compare_input(s, group, g->image, wrong));
    TRY(fill(s, group, "input", g->image));
    tape_forward(g->t);
    golden_visit visit = {s, g, group, wrong};
    return h5_each_child(s->f, path_of(group, "f32").text, compare_head, &visit);
}

/* --- training --- */

/* Names of loss terms in the files, and ours; the others agree. */
static const char *const loss_names[][2] = {{"softiou", "soft_iou"}, {"mse", "fidelity"}};

static const node *loss_called(const loss_nodes *loss, const char *name) {
    char ours[64];
    snprintf(ours, sizeof ours, "%s", name);
    for (int i = 0; i < 2; i++) {
        size_t length = strlen(loss_names[i][0]);
        if (!strncmp(name, loss_names[i][0], length))
            snprintf(ours, sizeof ours, "%s%s", loss_names[i][1], name + length);
    }
    for (int i = 0; i < loss->part_count; i++)
        if (!strcmp(loss->part_names[i], ours))
            return loss->parts[i];
    return strcmp(name, "total") ? NULL : loss->total;
}

static status compare_loss(void *context, const char *name) {
    const golden_visit *v = context;
    char path[160];
    double theirs;
    snprintf(path, sizeof path, "%s/f64/loss/%s", v->group, name);
    TRY(h5_read(v->s->f, path, H5_FLOAT64, 1, &theirs));
    const node *loss = loss_called(&v->g->loss, name);
    double limit = strcmp(v->group, "train4") ? LOSS_LIMIT : TRAIN4_LOSS_LIMIT;
    golden_limit(path, loss ? fabs(*loss->value.data - theirs) / fabs(theirs) : NAN, limit, v->wrong);
    return STATUS_OK;
}

static status train(const subject *s, const char *group, graph *g, int *wrong) {
    norm_statistics statistics = strcmp(group, "train_frozen") ? NORM_BATCH : NORM_RUNNING;
    parameter_set *set = detector_parameters(s->d);
    TRY(record(s, group, statistics, true, g));
    TRY(fill(s, group, "input", g->image));
    TRY(fill(s, group, "mask", g->mask));
    parameter_clear_gradients(set);
    tape_forward(g->t);
    tape_backward(g->t);
    golden_visit visit = {s, g, group, wrong};
    TRY(h5_each_child(s->f, path_of(group, "f64/loss").text, compare_loss, &visit));
    TRY(golden_compare_gradients(s->f, group, set, statistics, wrong));
    return statistics == NORM_BATCH ? golden_compare_statistics(s->f, group, set, wrong) : STATUS_OK;
}

/* --- all of it --- */

static status compare_group(const subject *s, const char *group, int *wrong) {
    graph *g = calloc(1, sizeof *g);
    if (!g)
        return status_fail(STATUS_MEMORY, "out of memory for %s", group);
    formula_fill(detector_parameters(s->d)); /* the group before may have moved the statistics */
    status result = !strncmp(group, "eval", 4) ? evaluate(s, group, g, wrong) : train(s, group, g, wrong);
    tape_free(g->t);
    free(g);
    return result;
}

/* Two images (train) are too few for the networks that have four (train4): a norm behind a global average pool then
 * sees two values per channel, and float32 says nothing about the gradients. */
static status compare_groups(const subject *s, const char *only, int *wrong) {
    static const char *const groups[] = {"eval_a", "eval_b", "train_frozen", "train4", "train", "train_warm"};
    int compared = 0;
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        bool wanted = only ? !strcmp(groups[i], only) : strcmp(groups[i], "train") || !h5_exists(s->f, "train4");
        if (!wanted || !h5_exists(s->f, groups[i]))
            continue;
        TRY(compare_group(s, groups[i], wrong));
        compared++;
    }
    return compared ? STATUS_OK
                    : status_fail(STATUS_INPUT, "%s: has no group %s to compare with", h5_path(s->f),
                                  only ? only : "of values");
}

static status check(char **arguments, int *wrong) {
    h5_file *f;
    TRY(h5_open(arguments[0], &f));
    subject s = {.f = f};
    golden_state state = {0};
    status result = read_state(f, &state);
    if (result == STATUS_OK)
        result = create(&s, &state);
    if (result == STATUS_OK)
        result = compare_state(&s, &state, wrong);
    if (result == STATUS_OK)
        result = compare_groups(&s, arguments[1], wrong);
    free_state(&state);
    detector_free(s.d);
    config_free(s.options);
    h5_close(f);
    return result;
}

int main(int argc, char **argv) {
    return golden_main(argc, argv, argc == 3 ? 2 : 1, "compare_network FILE.h5 [GROUP]", check);
}
