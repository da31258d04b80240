/* Noise on images: its statistics, and that it is a function of its arguments. */
#include "datasets/vary/noise.h"

#include "tests/expect.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 256, PIXELS = SIDE * SIDE };

static float *flat(float grey) {
    float *image = malloc(PIXELS * sizeof *image);
    assert_non_null(image);
    for (int i = 0; i < PIXELS; i++)
        image[i] = grey;
    return image;
}

static float *noisy(const noise *n, const char *name, float grey) {
    float *image = flat(grey);
    noise_add(n, name, image, PIXELS);
    return image;
}

static bool same(const float *a, const float *b) {
    return memcmp(a, b, PIXELS * sizeof *a) == 0;
}

static double mean_of(const float *a, const float *b) {
    double sum = 0;
    for (int i = 0; i < PIXELS; i++)
        sum += (double)a[i] * (b ? b[i] : 1);
    return sum / PIXELS;
}

/* Mean and variance within five deviations of their estimates: sqrt(v / n), and v sqrt(2 / n). Neighbours and images
 * are not correlated: the estimate of that has the deviation v / sqrt(n). */
static void test_gaussian_moments(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++) {
        double variance = (const double[]){1e-4, 1e-3, 2e-2}[i], root = sqrt(PIXELS);
        noise n = {.kind = NOISE_GAUSSIAN, .level = variance, .seed = 7, .range = NOISE_UNCLIPPED};
        float *a = noisy(&n, "a", 0), *b = noisy(&n, "b", 0);
        assert_true(fabs(mean_of(a, NULL)) < 5 * sqrt(variance) / root);
        assert_true(fabs(mean_of(a, a) - variance) < 5 * variance * sqrt(2) / root);
        assert_true(fabs(mean_of(a, b)) < 5 * variance / root);
        double neighbours = 0;
        for (int k = 1; k < PIXELS; k++)
            neighbours += (double)a[k] * a[k - 1];
        assert_true(fabs(neighbours / PIXELS) < 5 * variance / root);
        free(a);
        free(b);
    }
}

/* Counts within five deviations of the binomial; all other pixels are as they were. */
static void test_salt_and_pepper_shares(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++) {
        double density = (const double[]){0.001, 0.05, 1}[i];
        noise n = {.kind = NOISE_SALT_AND_PEPPER, .level = density, .seed = 7};
        float *image = noisy(&n, "a", 0.25f);
        int salt = 0, pepper = 0, kept = 0;
        for (int k = 0; k < PIXELS; k++) {
            salt += image[k] == 1;
            pepper += image[k] == 0;
            kept += image[k] == 0.25f;
        }
        double expected = density / 2 * PIXELS, deviation = sqrt(expected * (1 - density / 2));
        assert_int_equal(salt + pepper + kept, PIXELS);
        assert_true(fabs(salt - expected) < 5 * deviation && fabs(pepper - expected) < 5 * deviation);
        assert_true(density < 1 || kept == 0);
        free(image);
    }
}

static void test_function_of_its_arguments(void **state) {
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        noise n = {.kind = (noise_kind)kind, .level = 0.01, .seed = 1}, seed = n, level = n;
        seed.seed = 2;
        level.level = 0.02;
        float *base = noisy(&n, "a", 0.5f), *again = noisy(&n, "a", 0.5f), *other_seed = noisy(&seed, "a", 0.5f);
        float *other_level = noisy(&level, "a", 0.5f), *other_name = noisy(&n, "b", 0.5f);
        assert_true(same(base, again));
        assert_false(same(base, other_seed) || same(base, other_level) || same(base, other_name));
        free(base);
        free(again);
        free(other_seed);
        free(other_level);
        free(other_name);
    }
}

static void test_range(void **state) {
    (void)state;
    noise clipped = {.kind = NOISE_GAUSSIAN, .level = 0.1, .seed = 3}, wide = clipped, none = clipped;
    wide.range = NOISE_UNCLIPPED;
    none.level = 0;
    float *a = noisy(&clipped, "a", 0.9f), *b = noisy(&wide, "a", 0.9f), *c = noisy(&none, "a", 1.5f);
    int beyond = 0;
    for (int i = 0; i < PIXELS; i++) {
        beyond += b[i] > 1;
        assert_true(a[i] == fminf(fmaxf(b[i], 0), 1));
        assert_true(c[i] == 1.5f);
    }
    assert_true(beyond > PIXELS / 4); /* a third of a normal variable lies above 0.1 / sqrt(0.1) deviations */
    free(a);
    free(b);
    free(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gaussian_moments),
        cmocka_unit_test(test_salt_and_pepper_shares),
        cmocka_unit_test(test_function_of_its_arguments),
        cmocka_unit_test(test_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
