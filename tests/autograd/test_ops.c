/* Every operation on every sample: forward values against a double-precision oracle, gradients against central
 * differences of that oracle.
 *
 * The difference quotient has an error of h^2 f''' / 6 (h = 1e-5: some 1e-10) and of rounding 1e-16 / h (1e-11); the
 * float32 engine has that of sums of n terms, about 2^-24 sqrt(n) of their typical size. Both are measured against the
 * largest magnitude of the tensor compared, with VALUE_LIMIT = 64 * 2^-24 (sums of up to a few hundred terms) and
 * GRADIENT_LIMIT = 512 * 2^-24 (sums over all pixels of a sample, up to some 5000 terms, through two operations). */
#include "autograd/ops.h"
#include "core/base/rng.h"
#include "tests/autograd/op_reference.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FLOAT_ROUNDING 0x1p-24
#define VALUE_LIMIT (64 * FLOAT_ROUNDING)
#define GRADIENT_LIMIT (512 * FLOAT_ROUNDING)
#define STEP 1e-5

enum { CHECKED_PER_LEAF = 48 };

/* A sample turned into a scalar: the op itself if it is one, else the mean squared distance from a random target. */
typedef struct experiment {
    tape *t;
    node *output, *target, *loss;
    array4 inputs[NODE_INPUTS], value, target_value;
} experiment;

static array4 array_like(const tensor *t) {
    array4 a = {t->n, t->c, t->h, t->w, NULL};
    a.data = calloc(array4_count(&a), sizeof *a.data);
    assert_non_null(a.data);
    return a;
}

static void fill_leaf(node *leaf, rng *r, double low, double high) {
    size_t count = (size_t)tensor_count(&leaf->value);
    float *numbers = malloc(count * sizeof *numbers);
    assert_non_null(numbers);
    for (size_t i = 0; i < count; i++)
        numbers[i] = (float)(low + (high - low) * rng_uniform(r));
    tensor_from_array(&leaf->value, numbers);
    free(numbers);
}

static void copy_to_double(const tensor *from, array4 *to) {
    size_t count = array4_count(to);
    float *numbers = malloc(count * sizeof *numbers);
    assert_non_null(numbers);
    tensor_to_array(from, numbers);
    for (size_t i = 0; i < count; i++)
        to->data[i] = numbers[i];
    free(numbers);
}

static int is_scalar(const node *n) {
    return tensor_count(&n->value) == 1;
}

static double reference_loss(experiment *e) {
    if (!op_reference_forward(e->output, e->inputs, &e->value))
        fail_msg("%s: tests/autograd/op_reference.c has no formula for it", e->output->op->name);
    if (is_scalar(e->output))
        return *e->value.data;
    double sum = 0;
    size_t count = array4_count(&e->value);
    for (size_t i = 0; i < count; i++)
        sum += pow(e->value.data[i] - e->target_value.data[i], 2) / (double)count;
    return sum;
}

/* Labels lie in [0, 1]. */
static bool is_mask(const op *operation, int input) {
    return input == 1 && !strcmp(operation->name, "mask_loss");
}

/* In the last image of several nothing is labelled. */
static void fill_mask(node *mask, rng *r) {
    fill_leaf(mask, r, 0, 1);
    const tensor *t = &mask->value;
    for (int y = 0; t->n > 1 && y < t->h; y++)
        memset(tensor_plane(t, t->n - 1, 0) + y * t->row, 0, (size_t)t->w * sizeof(float));
}

enum { ALL_INPUTS = -1 };

/* The other inputs are frozen. */
static void train_only(const node *n, int input) {
    for (int i = 0; input != ALL_INPUTS && i < n->input_count; i++)
        n->input[i]->requires_grad &= n->input[i] == n->input[input];
}

/* Records, fills, runs. Leaves stay the same for a given op and index. `trained`: an input, or ALL_INPUTS. */
static int experiment_begin(experiment *e, const op *operation, int index, int trained) {
    *e = (experiment){0};
    assert_ok(tape_new(test_engine(), 2, &e->t));
    e->output = operation->sample(e->t, index);
    if (!e->output) {
        tape_free(e->t);
        return 0;
    }
    const tensor *v = &e->output->value;
    tape_pin(e->t, e->output);
    if (!is_scalar(e->output))
        e->target = tape_input(e->t, v->n, v->c, v->h, v->w);
    e->loss = e->target ? mse(e->t, e->output, e->target) : e->output;
    train_only(e->output, trained);
    assert_ok(tape_plan(e->t, e->loss));
    rng r = rng_new(77, rng_stream_of(operation->name) + (uint64_t)index);
    for (int i = 0; i < e->output->input_count; i++) {
        if (is_mask(operation, i))
            fill_mask(e->output->input[i], &r);
        else
            fill_leaf(e->output->input[i], &r, -1, 1);
    }
    for (int i = 0; i < e->output->input_count; i++) { /* after all are filled: a leaf may be read twice */
        e->inputs[i] = array_like(&e->output->input[i]->value);
        copy_to_double(&e->output->input[i]->value, &e->inputs[i]);
    }
    e->value = array_like(v);
    if (e->target) {
        fill_leaf(e->target, &r, -2, 2);
        e->target_value = array_like(v);
        copy_to_double(&e->target->value, &e->target_value);
    }
    tape_forward(e->t);
    tape_backward(e->t);
    return 1;
}

static void experiment_end(experiment *e) {
    for (int i = 0; i < NODE_INPUTS; i++)
        free(e->inputs[i].data);
    free(e->value.data);
    free(e->target_value.data);
    tape_free(e->t);
}

static double largest_of(const double *numbers, size_t count) {
    double largest = 0;
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs(numbers[i]));
    return largest;
}

static void check_value(experiment *e, int index) {
    array4 ours = array_like(&e->output->value);
    copy_to_double(&e->output->value, &ours);
    reference_loss(e);
    size_t count = array4_count(&ours);
    double scale_of = largest_of(e->value.data, count);
    for (size_t i = 0; i < count; i++)
        if (!(fabs(ours.data[i] - e->value.data[i]) <= VALUE_LIMIT * scale_of))
            fail_msg("%s, sample %d: value %zu is %.9g, expected %.9g", e->output->op->name, index, i, ours.data[i],
                     e->value.data[i]);
    free(ours.data);
}

/* The same leaf may be read twice (add(a, a)): both arrays move together. */
static double loss_with(experiment *e, int input, size_t element, double change) {
    double before = e->inputs[input].data[element];
    for (int i = 0; i < e->output->input_count; i++)
        if (e->output->input[i] == e->output->input[input])
            e->inputs[i].data[element] = before + change;
    double loss = reference_loss(e);
    for (int i = 0; i < e->output->input_count; i++)
        if (e->output->input[i] == e->output->input[input])
            e->inputs[i].data[element] = before;
    return loss;
}

static size_t place_of_largest(const double *numbers, size_t count) {
    size_t place = 0;
    for (size_t i = 1; i < count; i++)
        place = fabs(numbers[i]) > fabs(numbers[place]) ? i : place;
    return place;
}

/* Largest deviation of one leaf's gradient from the differences, of the largest difference. Looked at are evenly spread
 * elements and the one with the largest gradient: pooling has few that are not zero. */
static double gradient_deviation(experiment *e, int input) {
    node *leaf = e->output->input[input];
    array4 ours = array_like(&leaf->value);
    copy_to_double(&leaf->grad, &ours);
    size_t count = array4_count(&ours), stride = count / CHECKED_PER_LEAF + 1;
    double largest = 0, worst = 0;
    for (size_t k = 0; k < count + stride; k += stride) {
        size_t i = k < count ? k : place_of_largest(ours.data, count);
        double difference = (loss_with(e, input, i, STEP) - loss_with(e, input, i, -STEP)) / (2 * STEP);
        largest = fmax(largest, fabs(difference));
        worst = deviation_worse(worst, fabs(ours.data[i] - difference));
    }
    free(ours.data);
    assert_true(largest > 0);
    return worst / largest;
}

static void test_values_and_gradients(void **state) {
    (void)state;
    for (const op *const *operation = all_ops; *operation; operation++) {
        experiment e;
        int samples = 0;
        while (experiment_begin(&e, *operation, samples, ALL_INPUTS)) {
            check_value(&e, samples);
            for (int i = 0; i < e.output->input_count; i++) {
                if (!e.output->input[i]->requires_grad)
                    continue;
                double deviation = gradient_deviation(&e, i);
                if (!(deviation <= GRADIENT_LIMIT))
                    fail_msg("%s, sample %d, input %d: gradient off by %.3g of the largest", (*operation)->name,
                             samples, i, deviation);
            }
            experiment_end(&e);
            samples++;
        }
        if (samples == 0)
            fail_msg("%s has no sample", (*operation)->name);
    }
}

static bool is_pixel(const tensor *t) {
    return t->h == 1 && t->w == 1;
}

/* An image of one pixel is laid out otherwise than larger ones: where an operation makes one size of another, its
 * samples have one on either side alone. */
static void test_one_pixel_on_one_side(void **state) {
    (void)state;
    for (const op *const *operation = all_ops; *operation; operation++) {
        bool resizes = false, one_side = false;
        for (int i = 0;; i++) {
            tape *t;
            assert_ok(tape_new(test_engine(), 2, &t));
            const node *n = (*operation)->sample(t, i);
            if (n) {
                const tensor *x = &n->input[0]->value, *y = &n->value;
                resizes |= x->h != y->h || x->w != y->w;
                one_side |= is_pixel(x) != is_pixel(y);
            }
            tape_free(t);
            if (!n)
                break;
        }
        if (resizes && !one_side)
            fail_msg("%s: no sample has one pixel on one side only", (*operation)->name);
    }
}

/* The gradient of an input does not depend on which others are trained. */
static void check_frozen(const experiment *all, const op *operation, int index, int input) {
    experiment alone;
    assert_true(experiment_begin(&alone, operation, index, input));
    const tensor *grad = &all->output->input[input]->grad;
    array4 expected = array_like(grad), ours = array_like(grad);
    copy_to_double(grad, &expected);
    copy_to_double(&alone.output->input[input]->grad, &ours);
    size_t count = array4_count(&ours);
    double largest = largest_of(expected.data, count);
    for (size_t i = 0; i < count; i++)
        if (!(fabs(ours.data[i] - expected.data[i]) <= VALUE_LIMIT * largest))
            fail_msg("%s, sample %d: the gradient of input %d alone is %.9g at %zu, with the others %.9g",
                     operation->name, index, input, ours.data[i], i, expected.data[i]);
    free(expected.data);
    free(ours.data);
    experiment_end(&alone);
}

static void test_frozen(void **state) {
    (void)state;
    for (const op *const *operation = all_ops; *operation; operation++) {
        experiment e;
        for (int sample = 0; experiment_begin(&e, *operation, sample, ALL_INPUTS); sample++) {
            for (int i = 0; i < e.output->input_count; i++)
                if (e.output->input[i]->requires_grad)
                    check_frozen(&e, *operation, sample, i);
            experiment_end(&e);
        }
    }
}

/* The check sees a gradient that is wrong by one percent. */
static void test_the_check_can_fail(void **state) {
    (void)state;
    experiment e;
    assert_true(experiment_begin(&e, all_ops[0], 0, ALL_INPUTS));
    assert_true(gradient_deviation(&e, 1) <= GRADIENT_LIMIT);
    for (int64_t i = 0; i < tensor_count(&e.output->input[1]->grad); i++)
        e.output->input[1]->grad.data[i] *= 1.01f;
    assert_true(gradient_deviation(&e, 1) > GRADIENT_LIMIT);
    experiment_end(&e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_and_gradients),
        cmocka_unit_test(test_one_pixel_on_one_side),
        cmocka_unit_test(test_frozen),
        cmocka_unit_test(test_the_check_can_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
