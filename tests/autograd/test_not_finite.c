/* A NaN must never be lost on its way to the loss: training stops at the first one that it sees. Every operation, on
 * every sample: each input in turn is nothing but NaN, and the result must hold one. */
#include "autograd/ops.h"
#include "core/base/rng.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void fill(node *leaf, rng *r, bool with_nan) {
    size_t count = (size_t)tensor_count(&leaf->value);
    float *numbers = malloc(count * sizeof *numbers);
    assert_non_null(numbers);
    for (size_t i = 0; i < count; i++)
        numbers[i] = with_nan ? NAN : (float)(2 * rng_uniform(r) - 1);
    tensor_from_array(&leaf->value, numbers);
    free(numbers);
}

static bool has_nan(const tensor *t) {
    for (int n = 0; n < t->n; n++)
        for (int c = 0; c < t->c; c++)
            for (int y = 0; y < t->h; y++)
                for (int x = 0; x < t->w; x++)
                    if (isnan(tensor_plane(t, n, c)[y * t->row + x]))
                        return true;
    return false;
}

/* A mask holds labels, which are no result of a computation. */
static bool is_label(const op *operation, int input) {
    return input == 1 && !strcmp(operation->name, "mask_loss");
}

/* A map of 8 bits has no NaN. It is for inference alone, and a checkpoint's weights are finite. */
static bool is_rounded(const op *operation) {
    return !strcmp(operation->name, "byte_convs");
}

static void expect_nan_through(const op *operation, node *output, tape *t, int index) {
    for (int bad = 0; bad < output->input_count; bad++) {
        if (is_label(operation, bad))
            continue;
        rng r = rng_new(5, (uint64_t)index);
        for (int i = 0; i < output->input_count; i++)
            if (output->input[i] != output->input[bad])
                fill(output->input[i], &r, false);
        fill(output->input[bad], &r, true);
        tape_forward(t);
        if (!has_nan(&output->value))
            fail_msg("%s, sample %d: NaN in input %d is lost", operation->name, index, bad);
    }
}

static void test_every_operation_passes_nan_on(void **state) {
    (void)state;
    for (const op *const *operation = all_ops; *operation; operation++)
        for (int index = 0;; index++) {
            tape *t;
            assert_ok(tape_new(test_engine(), 2, &t));
            node *output = (*operation)->sample(t, index);
            if (output) {
                const tensor *v = &output->value;
                bool is_loss = tensor_count(v) == 1;
                tape_pin(t, output);
                assert_ok(tape_plan(t, is_loss ? output : mse(t, output, tape_input(t, v->n, v->c, v->h, v->w))));
                if (!is_rounded(*operation))
                    expect_nan_through(*operation, output, t, index);
            }
            tape_free(t);
            if (!output)
                break;
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_operation_passes_nan_on)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
