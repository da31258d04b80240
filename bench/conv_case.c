#include "bench/conv_case.h"

#include "core/base/rng.h"

#include <stdio.h>

const conv_layer conv_layers[] = {
    {3, 4, 4},  {3, 4, 8},   {3, 4, 16},  {3, 4, 32}, {3, 8, 4},  {3, 8, 8},   {3, 8, 16},  {3, 8, 32}, {3, 16, 4},
    {3, 16, 8}, {3, 16, 16}, {3, 16, 32}, {3, 32, 4}, {3, 32, 8}, {3, 32, 16}, {3, 32, 32}, {3, 4, 1},  {3, 8, 1},
    {3, 16, 1}, {3, 32, 1},  {3, 1, 4},   {3, 1, 8},  {3, 1, 16}, {3, 1, 32},  {1, 1, 4},
};
const int conv_layer_count = sizeof conv_layers / sizeof *conv_layers;

conv_name conv_layer_name(const conv_layer *layer, case_run run) {
    static const char *const runs[CASE_RUNS] = {"forward", "input_gradient", "weight_gradient", "exact_forward"};
    conv_name name;
    snprintf(name.text, sizeof name.text, "conv%dx%d_%d_%d_%s", layer->kernel, layer->kernel, layer->ic, layer->oc,
             runs[run]);
    return name;
}

/* --- memory --- */

/* The parts of one block, handed out in order; without a block only counted. */
typedef struct carving {
    float *base;
    size_t used;
} carving;

static float *take(carving *from, size_t floats) {
    float *part = from->base ? from->base + from->used : NULL;
    from->used += (floats + 15) / 16 * 16;
    return part;
}

/* A vector more: the last vector of a row may be read past the last plane's halo. */
static void take_tensor(carving *from, tensor *t) {
    float *part = take(from, tensor_footprint(t) + TENSOR_HALO);
    t->data = part ? part + tensor_origin(t) : NULL;
}

static size_t carve(conv_case *c) {
    carving from = {.base = c->memory.data};
    size_t weights = (size_t)c->layer.kernel * c->layer.kernel * (size_t)c->layer.ic * (size_t)c->layer.oc;
    take_tensor(&from, &c->x);
    take_tensor(&from, &c->y);
    take_tensor(&from, &c->dx);
    c->weight = take(&from, weights);
    c->bias = take(&from, (size_t)c->layer.oc);
    c->dweight = take(&from, weights);
    c->dbias = take(&from, (size_t)c->layer.oc);
    c->scratch = take(&from, c->plan.scratch > c->exact.scratch ? c->plan.scratch : c->exact.scratch);
    return from.used;
}

static void fill(rng *r, float *values, size_t count) {
    for (size_t i = 0; i < count; i++)
        values[i] = (float)(2 * rng_uniform(r) - 1);
}

status conv_case_new(engine *e, const conv_layer *layer, int size, conv_case *out) {
    conv_case *c = out;
    *c = (conv_case){
        .engine = e,
        .layer = *layer,
        .x = tensor_planar(1, layer->ic, size, size),
        .y = tensor_planar(1, layer->oc, size, size),
        .dx = tensor_planar(1, layer->ic, size, size),
    };
    conv_options options = {
        .kh = layer->kernel, .kw = layer->kernel, .stride = 1, .padding = layer->kernel / 2, .dilation = 1};
    c->plan = conv_plan_new(e, &c->x, &c->y, &options, true);
    options.exact = true;
    c->exact = conv_plan_new(e, &c->x, &c->y, &options, false);
    TRY(memory_block_new(carve(c) * sizeof(float), &c->memory));
    carve(c);
    rng r = rng_new(1, rng_stream_of("conv_case"));
    for (int i = 0; i < layer->ic; i++)
        for (int y = 0; y < size; y++)
            fill(&r, tensor_plane(&c->x, 0, i) + y * c->x.row, (size_t)size);
    fill(&r, c->weight, (size_t)(c->dweight - c->weight));
    return STATUS_OK;
}

void conv_case_free(conv_case *c) {
    memory_block_free(&c->memory);
}

/* --- running --- */

void conv_case_run(conv_case *c, case_run run) {
    const conv_run here = {.engine = c->engine, .scratch = c->scratch};
    switch (run) {
    case CASE_FORWARD:
    case CASE_EXACT_FORWARD:
        conv_forward(run == CASE_FORWARD ? &c->plan : &c->exact, &here, &c->x, c->weight, c->bias, true, &c->y);
        break;
    case CASE_INPUT_GRADIENT:
        conv_input_gradient(&c->plan, &here, &c->y, c->weight, false, &c->dx);
        break;
    default:
        conv_weight_gradient(&c->plan, &here, &c->x, &c->y, c->dweight, c->dbias);
    }
}

double conv_case_flops(const conv_case *c) {
    return 2.0 * c->layer.kernel * c->layer.kernel * c->layer.ic * (double)tensor_count(&c->y);
}
