#include "modules/detector_private.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static bool is_published(const detector_training *options) {
    return !options->loss || !strcmp(options->loss, "published");
}

static const char *key_of(const detector_training *options) {
    return options->loss_key ? options->loss_key : "loss";
}

static status record_own_loss(const detector *d, const detector_training *o, network *net,
                              const network_outputs *outputs, training *train) {
    if (o->deep_supervision != 0)
        return status_fail(STATUS_USAGE, "%s: deep supervision needs a loss of terms, not the published one",
                           key_of(o));
    d->type->loss(d->options, net, outputs, train->image, train->mask, o->eta, &train->loss);
    return STATUS_OK;
}

static status record_terms(const detector *d, const detector_training *o, network *net, const network_outputs *outputs,
                           training *train) {
    TRY(loss_spec_parse(o->loss, key_of(o), &train->spec));
    if (!(o->deep_supervision >= 0) || isinf(o->deep_supervision))
        return status_fail(STATUS_USAGE, "%s: a weight of deep supervision of %g", key_of(o), o->deep_supervision);
    status result =
        loss_of_terms(&train->spec, o->deep_supervision, net, outputs, train->image, train->mask, &train->loss);
    return result == STATUS_OK ? result : status_prefix(result, "%s: %s", key_of(o), d->type->name);
}

/* A number that is not trained, but may change from step to step. */
static node *number(tape *t, float *value) {
    return tape_parameter(t, 1, 1, 1, 1, value, NULL);
}

static void add_teacher(const network_outputs *outputs, training *train) {
    loss_nodes *loss = &train->loss;
    node *entropy = mask_loss(train->t, outputs->logit, train->teacher, &loss_bce, POOL_IMAGE);
    loss_add_part(loss, "teacher", entropy);
    node *weighted = scale(train->t, entropy, number(train->t, &train->teacher_weight));
    loss->total = add(train->t, loss->total, weighted);
}

/* Network and loss on train->t. */
static status record(detector *d, const detector_training *o, training *train) {
    tape *t = train->t;
    network net = {.t = t,
                   .parameters = &d->parameters,
                   .seed = d->seed,
                   .statistics = o->running_norms ? NORM_RUNNING : NORM_BATCH,
                   .training = true,
                   .phase = o->phase,
                   .step = &train->step};
    network_outputs outputs = {0};
    int width = padded_side(d->type->sides, o->width), height = padded_side(d->type->sides, o->height);
    train->image = tape_input(t, o->batch_size, d->input.channels, height, width);
    train->mask = tape_input(t, o->batch_size, 1, height, width);
    TRY(tape_recorded(t));
    d->type->build(d->options, &net, train->image, &outputs);
    train->pooled_norms = net.pooled_norms;
    TRY(is_published(o) ? record_own_loss(d, o, &net, &outputs, train) : record_terms(d, o, &net, &outputs, train));
    if (o->teacher) {
        train->teacher = tape_input(t, o->batch_size, 1, height, width);
        add_teacher(&outputs, train);
    }
    return STATUS_OK;
}

static status lay_out(detector *d, const detector_training *o, training *train) {
    TRY(tape_new(d->engine, o->batch_size, &train->t));
    TRY(record(d, o, train));
    for (int i = 0; i < train->loss.part_count; i++)
        tape_pin(train->t, train->loss.parts[i]);
    tape_set_recompute(train->t, o->recompute);
    tape_set_fast(train->t, o->fast);
    TRY(tape_plan(train->t, scale(train->t, train->loss.total, number(train->t, &train->weight))));
    train->flops = 3 * tape_flops(train->t) / o->batch_size;
    return STATUS_OK;
}

static status require_loss(const detector *d) {
    return d->type->loss ? STATUS_OK : status_fail(STATUS_USAGE, "%s has no parameters to train", d->type->name);
}

/* As heads that a phase leaves out, or the reconstruction where no term of the loss reads it. */
static void find_idle(detector *d) {
    for (int i = 0; i < d->parameters.count; i++) {
        parameter *p = d->parameters.items[i];
        p->idle = p->kind == PARAMETER_TRAINED && !tape_writes_gradient(d->train.t, p->grad);
    }
}

status detector_begin_training(detector *d, const detector_training *options) {
    TRY(require_loss(d));
    TRY(parameter_set_make_gradients(&d->parameters)); /* of another phase's parameters, too */
    tape_free(d->train.t);
    d->train = (training){
        .batch_size = options->batch_size, .width = options->width, .height = options->height, .step = options->step};
    status result = lay_out(d, options, &d->train);
    if (result != STATUS_OK) {
        tape_free(d->train.t);
        d->train = (training){0};
        return result;
    }
    find_idle(d);
    return STATUS_OK;
}

static status check_batch(const training *train, const detector_batch *batch) {
    if (!train->t || batch->count < 1 || batch->count > train->batch_size)
        return status_fail(STATUS_USAGE, "a training step on %d images, laid out for 1 to %d", batch->count,
                           train->t ? train->batch_size : 0);
    if (!(batch->weight >= 0) || isinf(batch->weight))
        return status_fail(STATUS_USAGE, "a training step with the weight %g", batch->weight);
    if (!(batch->teacher_weight >= 0) || isinf(batch->teacher_weight))
        return status_fail(STATUS_USAGE, "a training step with the weight %g of its teacher", batch->teacher_weight);
    if (batch->teacher && !train->teacher)
        return status_fail(STATUS_USAGE, "a training step with a teacher, laid out without");
    return STATUS_OK;
}

/* The images' corner of an input; what lies around it becomes zero. */
static tensor corner_of(const training *train, const node *input) {
    padding_clear(&input->value, train->width, train->height);
    return padding_corner(&input->value, train->width, train->height);
}

static void fill(const detector *d, const detector_batch *batch, training *train) {
    tape_set_batch(train->t, batch->count);
    tensor image = corner_of(train, train->image), mask = corner_of(train, train->mask);
    input_fill(&d->input, batch->images, &image);
    tensor_from_array(&mask, batch->masks);
    if (batch->teacher) {
        tensor teacher = corner_of(train, train->teacher);
        tensor_from_array(&teacher, batch->teacher);
    }
    train->weight = batch->weight == 0 ? 1 : (float)batch->weight;
    train->teacher_weight = batch->teacher ? (float)batch->teacher_weight : 0;
}

static void report(const training *train, bool taught, detector_loss *loss) {
    *loss = (detector_loss){.total = *train->loss.total->value.data, .part_count = train->loss.part_count};
    for (int i = 0; i < train->loss.part_count; i++) {
        loss->parts[i].name = train->loss.part_names[i];
        loss->parts[i].value = train->loss.parts[i] ? *train->loss.parts[i]->value.data : NAN;
    }
    if (train->teacher && !taught)
        loss->parts[loss->part_count - 1].value = NAN;
}

status detector_train_step(detector *d, const detector_batch *batch, detector_loss *loss) {
    training *train = &d->train;
    TRY(check_batch(train, batch));
    fill(d, batch, train);
    if (!batch->add)
        parameter_clear_gradients(&d->parameters);
    tape_tell_gradients(train->t, batch->listener);
    tape_forward(train->t);
    tape_backward(train->t);
    train->step++;
    report(train, batch->teacher != NULL, loss);
    return STATUS_OK;
}

/* --- names --- */

static status add_name(detector_part_names *out, const char *name) {
    for (int i = 0; i < out->count; i++)
        if (!strcmp(out->names[i], name))
            return STATUS_OK;
    if (out->count == DETECTOR_LOSS_PARTS)
        return status_fail(STATUS_USAGE, "the losses of all epochs have more than %d different parts",
                           DETECTOR_LOSS_PARTS);
    snprintf(out->names[out->count++], DETECTOR_PART_NAME, "%s", name);
    return STATUS_OK;
}

static status add_names(detector *d, const detector_training *o, detector_part_names *out) {
    training train = {.batch_size = 1};
    detector_training small = {.batch_size = 1,
                               .width = PROBE_SIDE,
                               .height = PROBE_SIDE,
                               .phase = detector_last_phase(d),
                               .loss = o->loss,
                               .loss_key = o->loss_key,
                               .deep_supervision = o->deep_supervision,
                               .teacher = o->teacher};
    TRY(tape_new(d->engine, 1, &train.t));
    status result = record(d, &small, &train);
    if (result == STATUS_OK)
        result = tape_recorded(train.t);
    for (int i = 0; i < train.loss.part_count && result == STATUS_OK; i++)
        result = add_name(out, train.loss.part_names[i]);
    tape_free(train.t);
    return result;
}

status detector_loss_parts(detector *d, const detector_training *trainings, int count, detector_part_names *out) {
    *out = (detector_part_names){0};
    TRY(require_loss(d));
    for (int i = 0; i < count; i++)
        TRY(add_names(d, &trainings[i], out));
    return STATUS_OK;
}
