/* bin/bench-dnnl (`make bench-dnnl`): the convolutions of `bench conv` against oneDNN 2.6, in turns. Each side has its
 * own layout and its own packed weights; conversions between layouts are not timed. */
#include "bench/bench.h"
#include "bench/conv_case.h"
#include "bench/samples.h"
#include "core/base/clock.h"
#include "core/config/cli.h"

#include <dnnl.h>
#include <omp.h>
#include <stdio.h>

enum { ARGUMENTS = 4 };

static int threads, size = 256, repeat = 30;

static const cli_option options[] = {
    {"threads", CLI_INT, &threads, "N", "how many; 0: one per available processor"},
    {"size", CLI_INT, &size, "N", "images of N x N pixels"},
    {"repeat", CLI_INT, &repeat, "N", "timed runs of each thing"},
};

static const cli_program program = {
    .name = "bench-dnnl",
    .summary = "times convolutions here and in oneDNN; prints lines `name value unit`",
    .arguments = "[options]",
    .examples = "bench-dnnl               # ratio above 1: faster than oneDNN\n"
                "bench-dnnl --threads 1\n",
    .options = options,
    .option_count = sizeof options / sizeof *options,
};

/* --- one convolution in oneDNN --- */

typedef struct opponent {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_t primitive;
    dnnl_exec_arg_t arguments[ARGUMENTS];
    int argument_count;
} opponent;

static const int arguments_of[CONV_DIRECTIONS][ARGUMENTS] = {
    {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS, DNNL_ARG_DST},
    {DNNL_ARG_DIFF_DST, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_SRC},
    {DNNL_ARG_SRC, DNNL_ARG_DIFF_DST, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_BIAS},
};

static status check(dnnl_status_t result, const char *what) {
    return result == dnnl_success ? STATUS_OK : status_fail(STATUS_INPUT, "oneDNN: %s failed: code %d", what, result);
}

/* Shapes, with layouts left to oneDNN. */
typedef struct shapes {
    dnnl_memory_desc_t x, y, weight, bias;
} shapes;

static status describe(const conv_layer *l, shapes *s) {
    dnnl_dims_t x = {1, l->ic, size, size}, y = {1, l->oc, size, size}, bias = {l->oc};
    dnnl_dims_t weight = {l->oc, l->ic, l->kernel, l->kernel};
    TRY(check(dnnl_memory_desc_init_by_tag(&s->x, 4, x, dnnl_f32, dnnl_format_tag_any), "a shape"));
    TRY(check(dnnl_memory_desc_init_by_tag(&s->y, 4, y, dnnl_f32, dnnl_format_tag_any), "a shape"));
    TRY(check(dnnl_memory_desc_init_by_tag(&s->weight, 4, weight, dnnl_f32, dnnl_format_tag_any), "a shape"));
    return check(dnnl_memory_desc_init_by_tag(&s->bias, 1, bias, dnnl_f32, dnnl_a), "a shape");
}

/* With bias; in evaluation with a ReLU fused, as ours. In training it is the hint that the gradients need. */
static status describe_forward(const opponent *p, const conv_layer *l, dnnl_prop_kind_t kind,
                               dnnl_primitive_desc_t *out) {
    shapes s;
    dnnl_convolution_desc_t d;
    dnnl_primitive_attr_t attributes;
    dnnl_post_ops_t relu;
    dnnl_dims_t stride = {1, 1}, padding = {l->kernel / 2, l->kernel / 2};
    TRY(describe(l, &s));
    TRY(check(dnnl_convolution_forward_desc_init(&d, kind, dnnl_convolution_auto, &s.x, &s.weight, &s.bias, &s.y,
                                                 stride, padding, padding),
              "a forward convolution"));
    TRY(check(dnnl_primitive_attr_create(&attributes), "attributes"));
    TRY(check(dnnl_post_ops_create(&relu), "a ReLU"));
    if (kind == dnnl_forward_inference)
        TRY(check(dnnl_post_ops_append_eltwise(relu, 1, dnnl_eltwise_relu, 0, 0), "a ReLU"));
    TRY(check(dnnl_primitive_attr_set_post_ops(attributes, relu), "a ReLU"));
    dnnl_status_t result = dnnl_primitive_desc_create(out, &d, attributes, p->engine, NULL);
    dnnl_post_ops_destroy(relu);
    dnnl_primitive_attr_destroy(attributes);
    return check(result, "a forward convolution");
}

static status describe_gradient(const opponent *p, const conv_layer *l, conv_direction direction,
                                dnnl_primitive_desc_t *out) {
    shapes s;
    dnnl_convolution_desc_t d;
    dnnl_primitive_desc_t hint;
    dnnl_dims_t stride = {1, 1}, padding = {l->kernel / 2, l->kernel / 2};
    TRY(describe(l, &s));
    TRY(describe_forward(p, l, dnnl_forward_training, &hint));
    dnnl_status_t result = direction == CONV_INPUT_GRADIENT
                               ? dnnl_convolution_backward_data_desc_init(&d, dnnl_convolution_auto, &s.x, &s.weight,
                                                                          &s.y, stride, padding, padding)
                               : dnnl_convolution_backward_weights_desc_init(&d, dnnl_convolution_auto, &s.x, &s.weight,
                                                                             &s.bias, &s.y, stride, padding, padding);
    if (result == dnnl_success)
        result = dnnl_primitive_desc_create(out, &d, NULL, p->engine, hint);
    dnnl_primitive_desc_destroy(hint);
    return check(result, "a gradient");
}

/* Memory as the primitive wants it, filled with an ordinary number. */
static status add_argument(opponent *p, const_dnnl_primitive_desc_t description, int argument) {
    dnnl_exec_arg_t *a = &p->arguments[p->argument_count];
    void *data;
    const dnnl_memory_desc_t *layout = dnnl_primitive_desc_query_md(description, dnnl_query_exec_arg_md, argument);
    *a = (dnnl_exec_arg_t){.arg = argument};
    TRY(check(dnnl_memory_create(&a->memory, layout, p->engine, DNNL_MEMORY_ALLOCATE), "memory"));
    p->argument_count++;
    TRY(check(dnnl_memory_get_data_handle(a->memory, &data), "memory"));
    float *values = data;
    for (size_t i = 0; i < dnnl_memory_desc_get_size(layout) / sizeof *values; i++)
        values[i] = 0.25f;
    return STATUS_OK;
}

static status opponent_new(const conv_layer *l, conv_direction direction, opponent *p) {
    dnnl_primitive_desc_t description;
    *p = (opponent){.argument_count = 0};
    TRY(check(dnnl_engine_create(&p->engine, dnnl_cpu, 0), "an engine"));
    TRY(check(dnnl_stream_create(&p->stream, p->engine, dnnl_stream_default_flags), "a stream"));
    TRY(direction == CONV_FORWARD ? describe_forward(p, l, dnnl_forward_inference, &description)
                                  : describe_gradient(p, l, direction, &description));
    status result = check(dnnl_primitive_create(&p->primitive, description), "a primitive");
    for (int i = 0; result == STATUS_OK && i < ARGUMENTS && arguments_of[direction][i]; i++)
        result = add_argument(p, description, arguments_of[direction][i]);
    dnnl_primitive_desc_destroy(description);
    return result;
}

static void opponent_free(opponent *p) {
    for (int i = 0; i < p->argument_count; i++)
        dnnl_memory_destroy(p->arguments[i].memory);
    dnnl_primitive_destroy(p->primitive);
    dnnl_stream_destroy(p->stream);
    dnnl_engine_destroy(p->engine);
}

static status opponent_run(const opponent *p) {
    TRY(check(dnnl_primitive_execute(p->primitive, p->stream, p->argument_count, p->arguments), "a run"));
    return check(dnnl_stream_wait(p->stream), "a run");
}

/* --- in turns --- */

typedef struct match {
    samples ours, theirs; /* seconds */
} match;

static status play(conv_case *c, conv_direction direction, const opponent *p, match *m) {
    for (int run = -1; run < repeat; run++) { /* the first one warms up */
        double start = clock_seconds();
        conv_case_run(c, (case_run)direction);
        double middle = clock_seconds();
        TRY(opponent_run(p));
        double end = clock_seconds();
        if (run < 0)
            continue;
        samples_add(&m->ours, middle - start);
        samples_add(&m->theirs, end - middle);
    }
    return STATUS_OK;
}

static void print_match(conv_name name, double flops, const match *m) {
    char line[96];
    double ours = samples_median(&m->ours), theirs = samples_median(&m->theirs);
    snprintf(line, sizeof line, "%s_gflops", name.text);
    bench_print(line, flops / ours / 1e9, "GFLOP/s");
    snprintf(line, sizeof line, "%s_dnnl_gflops", name.text);
    bench_print(line, flops / theirs / 1e9, "GFLOP/s");
    snprintf(line, sizeof line, "%s_dnnl_ratio", name.text);
    bench_print(line, theirs / ours, "x");
}

static status meet(conv_case *c, conv_direction direction) {
    opponent p;
    match m = {.ours = {.count = 0}};
    status result = opponent_new(&c->layer, direction, &p);
    if (result == STATUS_OK)
        result = play(c, direction, &p, &m);
    opponent_free(&p);
    if (result == STATUS_OK)
        print_match(conv_layer_name(&c->layer, (case_run)direction), conv_case_flops(c), &m);
    return result;
}

static status meet_all(engine *e) {
    for (int i = 0; i < conv_layer_count; i++) {
        conv_case c;
        TRY(conv_case_new(e, &conv_layers[i], size, &c));
        status result = STATUS_OK;
        for (int d = 0; d < CONV_DIRECTIONS && result == STATUS_OK; d++)
            result = meet(&c, (conv_direction)d);
        conv_case_free(&c);
        TRY(result);
    }
    return STATUS_OK;
}

static status run(int argc, char **argv) {
    cli_action action;
    TRY(cli_parse(&program, argc, argv, &action, NULL, NULL));
    if (action == CLI_DONE)
        return STATUS_OK;
    if (size < 1 || repeat < 1 || repeat > SAMPLES_MAXIMUM)
        return status_fail(STATUS_USAGE, "--size %d --repeat %d: expected 1 or more, and at most %d runs", size, repeat,
                           SAMPLES_MAXIMUM);
    engine *e;
    TRY(engine_new(threads, &e));
    omp_set_num_threads(engine_threads(e));
    status result = meet_all(e);
    engine_free(e);
    return result;
}

int main(int argc, char **argv) {
    return cli_finish(&program, run(argc, argv));
}
