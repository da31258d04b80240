#include "modules/detector.h"

#include "core/config/same_value.h"
#include "modules/detector_private.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const float *detector_stage_map(const detector_maps *maps, int stage, char letter) {
    char name[32];
    snprintf(name, sizeof name, "stage%d/%c", stage, letter);
    for (int i = 0; i < maps->stage_count; i++)
        if (!strcmp(maps->stages[i].name, name))
            return maps->stages[i].map;
    return NULL;
}

input_format detector_type_input(const detector_type *type, const config *options) {
    return type->input ? type->input(options) : input_grey;
}

static status copy_options(const detector_type *type, const config *from, config **out) {
    TRY(config_new(out));
    TRY(config_declare(*out, &detector_name_key, 1));
    TRY(config_declare(*out, type->options, type->option_count));
    for (int i = 0; i < config_count(*out); i++) {
        const char *key = config_key_at(*out, i)->name;
        TRY(config_set(*out, key, config_value(from, key), "model options"));
    }
    return STATUS_OK;
}

int detector_phase(const detector *d, int64_t epoch) {
    return d->type->phase ? d->type->phase(d->options, epoch) : 0;
}

int detector_last_phase(const detector *d) {
    return detector_phase(d, INT64_MAX);
}

status detector_record(detector *d, tape *t, int width, int height, node **image, network_outputs *outputs) {
    network net = {.t = t,
                   .parameters = &d->parameters,
                   .seed = d->seed,
                   .is_blank = d->is_blank,
                   .statistics = NORM_RUNNING,
                   .phase = d->phase,
                   .more_stages = d->more_stages};
    *outputs = (network_outputs){0};
    *image =
        tape_input(t, 1, d->input.channels, padded_side(d->type->sides, height), padded_side(d->type->sides, width));
    TRY(tape_recorded(t));
    d->type->build(d->options, &net, *image, outputs);
    TRY(tape_recorded(t));
    status result = network_check_outputs(outputs, *image);
    return result == STATUS_OK ? STATUS_OK : status_prefix(result, "%s", d->type->name);
}

status detector_probe(detector *d, network_outputs *outputs) {
    tape *t;
    node *image;
    TRY(tape_new(d->engine, 1, &t));
    status result = detector_record(d, t, PROBE_SIDE, PROBE_SIDE, &image, outputs);
    tape_free(t);
    return result;
}

static status create_parameters(detector *d) {
    network_outputs outputs = {0};
    status result = detector_probe(d, &outputs);
    if (d->type->parameter_order)
        parameter_set_order(&d->parameters, d->type->parameter_order);
    return result;
}

/* seed: NULL leaves it blank. */
static status create(engine *e, const config *options, const uint64_t *seed, detector **out) {
    *out = NULL;
    const detector_type *type = detector_type_find(config_text(options, "model.name"));
    if (!type)
        return STATUS_USAGE;
    detector *d = calloc(1, sizeof *d);
    if (!d)
        return status_fail(STATUS_MEMORY, "out of memory for a detector");
    d->engine = e;
    d->type = type;
    d->seed = seed ? *seed : 0;
    d->is_blank = !seed;
    status result = copy_options(type, options, &d->options);
    if (result == STATUS_OK && type->check)
        result = type->check(d->options);
    if (result == STATUS_OK)
        d->phase = detector_last_phase(d);
    if (result == STATUS_OK && type->build) {
        d->input = detector_type_input(type, d->options);
        result = create_parameters(d);
    }
    if (result != STATUS_OK) {
        detector_free(d);
        return result;
    }
    *out = d;
    return STATUS_OK;
}

status detector_new(engine *e, const config *options, uint64_t seed, detector **out) {
    return create(e, options, &seed, out);
}

status detector_new_blank(engine *e, const config *options, detector **out) {
    return create(e, options, NULL, out);
}

/* The same parameters by a list of its own: recording only looks them up. */
static status share_parameters(const parameter_set *from, parameter_set *out) {
    if (from->count == 0)
        return STATUS_OK;
    out->items = malloc((size_t)from->count * sizeof *out->items);
    if (!out->items)
        return status_fail(STATUS_MEMORY, "out of memory for a detector");
    memcpy(out->items, from->items, (size_t)from->count * sizeof *out->items);
    out->count = out->capacity = from->count;
    return STATUS_OK;
}

status detector_new_twin(const detector *d, engine *e, detector **out) {
    detector *twin = *out = calloc(1, sizeof *twin);
    if (!twin)
        return status_fail(STATUS_MEMORY, "out of memory for a detector");
    *twin = (detector){.engine = e,
                       .type = d->type,
                       .input = d->input,
                       .seed = d->seed,
                       .is_twin = true,
                       .more_stages = d->more_stages,
                       .phase = d->phase,
                       .precision = d->precision};
    status result = copy_options(d->type, d->options, &twin->options);
    if (result == STATUS_OK)
        result = share_parameters(&d->parameters, &twin->parameters);
    if (result != STATUS_OK) {
        detector_free(twin);
        *out = NULL;
    }
    return result;
}

void detector_drop_inference(detector *d) {
    tape_free(d->run.t);
    free(d->run.memory);
    d->run = (inference){0};
}

void detector_free(detector *d) {
    if (!d)
        return;
    detector_drop_inference(d);
    model_driven_free(&d->model_driven);
    detector_drop_tiles(d);
    tape_free(d->train.t);
    if (d->is_twin)
        free(d->parameters.items);
    else
        parameter_set_free(&d->parameters);
    config_free(d->options);
    free(d);
}

const char *detector_name(const detector *d) {
    return d->type->name;
}

score_kind detector_score_kind(const detector *d) {
    return d->type->score;
}

const char *detector_option(const detector *d, const char *key) {
    return config_is_declared(d->options, key) ? config_value(d->options, key) : NULL;
}

bool detector_option_is(const detector *d, const char *key, const char *value) {
    return config_value_is(d->options, key, value);
}

parameter_set *detector_parameters(detector *d) {
    return &d->parameters;
}

void detector_set_phase(detector *d, int phase) {
    if (phase == d->phase)
        return;
    d->phase = phase;
    detector_drop_inference(d);
}

status detector_set_more_stages(detector *d, int count) {
    network_outputs outputs = {0};
    if (d->type->build)
        TRY(detector_probe(d, &outputs));
    if (outputs.target_count == 0)
        return status_fail(STATUS_USAGE, "%s has no stages that could be repeated", d->type->name);
    int trained = outputs.target_count - d->more_stages;
    if (count < 0 || count > NETWORK_STAGES - trained)
        return status_fail(STATUS_USAGE, "%d stages more than %d: expected 0 to %d", count, trained,
                           NETWORK_STAGES - trained);
    d->more_stages = count;
    detector_drop_inference(d);
    return STATUS_OK;
}

static status record_inference(detector *d, int width, int height, detector_detail detail) {
    inference *run = &d->run;
    TRY(tape_new(d->engine, 1, &run->t));
    TRY(detector_record(d, run->t, width, height, &run->image, &run->outputs));
    tape_pin(run->t, run->outputs.logit);
    if (detail >= DETAIL_RECONSTRUCTION)
        tape_pin(run->t, run->outputs.reconstruction);
    for (int i = 0; detail == DETAIL_STAGES && i < run->outputs.map_count; i++)
        tape_pin(run->t, run->outputs.maps[i]);
    if (d->precision == PRECISION_INT8)
        detector_set_ranges(d, run->t);
    TRY(tape_plan(run->t, NULL));
    size_t maps = 3 + (detail == DETAIL_STAGES ? (size_t)run->outputs.map_count : 0);
    run->memory = malloc(maps * (size_t)width * (size_t)height * sizeof(float));
    return run->memory ? STATUS_OK
                       : status_fail(STATUS_MEMORY, "out of memory for the maps of a %dx%d image", width, height);
}

static status prepare_inference(detector *d, int width, int height, detector_detail detail) {
    inference *run = &d->run;
    if (run->t && run->width == width && run->height == height && run->detail == detail)
        return STATUS_OK;
    detector_drop_inference(d);
    status result = record_inference(d, width, height, detail);
    if (result != STATUS_OK) {
        detector_drop_inference(d);
        return result;
    }
    run->width = width;
    run->height = height;
    run->detail = detail;
    return STATUS_OK;
}

/* Copies a result out of the tape, without the padding; `next` walks through run->memory. */
static const float *take(const inference *run, const node *n, float **next) {
    float *map = *next;
    tensor corner = padding_corner(&n->value, run->width, run->height);
    tensor_to_array(&corner, map);
    *next += (size_t)run->width * (size_t)run->height;
    return map;
}

status detector_run(detector *d, const float *image, int width, int height, detector_detail detail,
                    detector_maps *out) {
    if (width < 1 || height < 1)
        return status_fail(STATUS_USAGE, "an image of %dx%d pixels", width, height);
    TRY(detector_cuts(d, width, height) ? detector_run_tiles(d, image, width, height, detail, out)
                                        : detector_run_whole(d, &d->input, image, width, height, detail, out));
    if (d->type->finish) /* the maps are the detector's own */
        d->type->finish(d->options, image, width, height, (float *)out->score);
    return STATUS_OK;
}

status detector_run_whole(detector *d, const input_format *format, const float *image, int width, int height,
                          detector_detail detail, detector_maps *out) {
    *out = (detector_maps){.width = width, .height = height};
    if (d->type->score_image)
        return model_driven_score(d->engine, &d->model_driven, d->type, d->options, image, width, height, out);
    TRY(prepare_inference(d, width, height, detail));
    inference *run = &d->run;
    tensor corner = padding_corner(&run->image->value, width, height);
    padding_clear(&run->image->value, width, height);
    input_fill(format, image, &corner);
    tape_forward(run->t);
    size_t pixels = (size_t)width * (size_t)height;
    float *next = run->memory, *score = next;
    next += pixels;
    const float *logit = take(run, run->outputs.logit, &next);
    for (size_t i = 0; i < pixels; i++)
        score[i] = 1 / (1 + expf(-logit[i]));
    out->score = score;
    out->logit = logit;
    if (detail >= DETAIL_RECONSTRUCTION && run->outputs.reconstruction)
        out->reconstruction = take(run, run->outputs.reconstruction, &next);
    if (detail == DETAIL_STAGES) {
        for (int i = 0; i < run->outputs.map_count; i++)
            run->maps[i] = (detector_map){run->outputs.map_names[i], take(run, run->outputs.maps[i], &next)};
        out->stage_count = run->outputs.map_count;
        out->stages = run->maps;
    }
    return STATUS_OK;
}

int64_t detector_memory(const detector *d) {
    return (d->train.t ? tape_memory(d->train.t) : 0) + (d->run.t ? tape_memory(d->run.t) : 0) +
           (int64_t)model_driven_memory(&d->model_driven);
}

double detector_inference_flops(const detector *d) {
    return d->run.t ? tape_flops(d->run.t) : 0;
}

double detector_training_flops(const detector *d) {
    return d->train.flops;
}

int detector_pooled_norms(const detector *d) {
    return d->train.pooled_norms;
}
