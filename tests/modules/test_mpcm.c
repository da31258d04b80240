/* MPCM against its definition, written out pixel by pixel. */
#include "modules/detector.h"
#include "tests/expect.h"
#include "tests/golden.h"
#include "tests/support.h"

#include <math.h>
#include <stdlib.h>

static int clamp(int value, int most) {
    return value < 0 ? 0 : value > most ? most : value;
}

typedef struct picture {
    int width, height;
    double grey[40 * 40];
} picture;

static double grey_at(const picture *p, int x, int y) {
    return p->grey[clamp(y, p->height - 1) * p->width + clamp(x, p->width - 1)];
}

/* The mean filter at a pixel of the image: the reference filters twice and replicates the border each time. */
static double mean(const picture *p, int x, int y, int radius, bool wrap) {
    double sum = 0;
    x = clamp(x, p->width - 1);
    y = clamp(y, p->height - 1);
    for (int dy = -radius; dy <= radius; dy++)
        for (int dx = -radius; dx <= radius; dx++)
            sum += grey_at(p, x + dx, y + dy);
    sum /= (2 * radius + 1) * (2 * radius + 1);
    return wrap ? rint(sum) : sum;
}

static double expected(const picture *p, int x, int y, int scales, bool wrap) {
    static const int around[8][2] = {{-1, -1}, {0, -1}, {1, -1}, {1, 0}, {1, 1}, {0, 1}, {-1, 1}, {-1, 0}};
    double score = 0;
    for (int radius = 1; radius <= scales; radius++) {
        int N = 2 * radius + 1;
        double d[8], C = INFINITY;
        for (int i = 0; i < 8; i++) {
            d[i] = mean(p, x, y, radius, wrap) - mean(p, x + N * around[i][0], y + N * around[i][1], radius, wrap);
            d[i] = wrap && d[i] < 0 ? 0 : d[i];
        }
        for (int j = 0; j < 4; j++)
            C = fmin(C, wrap ? fmod(d[j] * d[j + 4], 256) : d[j] * d[j + 4]);
        score = fmax(score, C);
    }
    return score;
}

static detector *mpcm(const char *preset, const char *scales) {
    detector *d;
    assert_ok(golden_detector(
        (const char *[]){"model.name", "mpcm", "model.preset", preset, "model.scales", scales, NULL}, &d));
    return d;
}

static const float *run(detector *d, const picture *p) {
    float unit[40 * 40];
    detector_maps maps;
    for (int i = 0; i < p->width * p->height; i++)
        unit[i] = (float)p->grey[i] / 255;
    assert_ok(detector_run(d, unit, p->width, p->height, DETAIL_SCORE, &maps));
    assert_null(maps.logit);
    return maps.score;
}

/* Every grey value of 8 bits occurs, a bright and a dark spot among noise. */
static picture noisy(int width, int height) {
    picture p = {.width = width, .height = height};
    for (int i = 0; i < width * height; i++)
        p.grey[i] = (i * 149 + i / 7) % 256;
    for (int i = 0; i < 2; i++)
        p.grey[clamp(height / 2 + i, height - 1) * width + width / 3] = 255;
    return p;
}

static void check_against_definition(const char *preset, bool wrap) {
    static const int sizes[][2] = {{1, 1}, {1, 7}, {12, 1}, {5, 4}, {40, 33}, {17, 40}};
    for (int scales = 1; scales <= 4; scales += 3) {
        detector *d = mpcm(preset, scales == 1 ? "1" : "4");
        for (int i = 0; i < 6; i++) {
            picture p = noisy(sizes[i][0], sizes[i][1]);
            const float *score = run(d, &p);
            for (int y = 0; y < p.height; y++)
                for (int x = 0; x < p.width; x++) {
                    double right = expected(&p, x, y, scales, wrap);
                    assert_true(fabs(score[y * p.width + x] - right) <= 1e-6 * right + 1e-9);
                }
        }
        detector_free(d);
    }
}

static void test_definition(void **state) {
    (void)state;
    check_against_definition("authors", false);
}

static void test_wrapping_definition(void **state) {
    (void)state;
    check_against_definition("community", true);
}

static void test_bright_and_dark_spot(void **state) {
    (void)state;
    picture p = {.width = 40, .height = 40};
    for (int i = 0; i < 1600; i++)
        p.grey[i] = 100;
    p.grey[10 * 40 + 10] = 118; /* 2 above in a 3 x 3 mean: 2^2 */
    p.grey[25 * 40 + 30] = 82;
    detector *d = mpcm("authors", "1");
    const float *score = run(d, &p);
    assert_true(fabsf(score[10 * 40 + 10] - 4) < 1e-5f);
    assert_true(fabsf(score[25 * 40 + 30] - 4) < 1e-5f);
    assert_true(score[18 * 40 + 20] == 0);
    detector_free(d);
    d = mpcm("community", "1");
    score = run(d, &p);
    assert_true(score[10 * 40 + 10] == 4 && score[25 * 40 + 30] == 0);
    detector_free(d);
}

static void test_flat_image(void **state) {
    (void)state;
    picture p = {.width = 23, .height = 19};
    detector *d = mpcm("authors", "4");
    for (double grey = 0; grey <= 255; grey += 85) {
        for (int i = 0; i < p.width * p.height; i++)
            p.grey[i] = grey;
        const float *score = run(d, &p);
        for (int i = 0; i < p.width * p.height; i++)
            assert_true(fabsf(score[i]) < 1e-20f); /* the means of equal numbers differ by rounding at most */
    }
    detector_free(d);
}

static void test_threads(void **state) {
    (void)state;
    picture p = noisy(40, 39);
    float one[40 * 39];
    for (int threads = 1; threads <= 3; threads++) {
        use_threads(threads);
        detector *d = mpcm("authors", "4");
        const float *score = run(d, &p);
        if (threads == 1)
            memcpy(one, score, sizeof one);
        assert_memory_equal(score, one, sizeof one);
        detector_free(d);
    }
    use_threads(0);
}

static void test_options(void **state) {
    (void)state;
    detector *d;
    assert_fails(golden_detector((const char *[]){"model.name", "mpcm", "model.preset", "mine", NULL}, &d),
                 STATUS_USAGE, "model.preset", "authors, community");
    assert_fails(golden_detector((const char *[]){"model.name", "mpcm", "model.scales", "0", NULL}, &d), STATUS_USAGE,
                 "model.scales", "1");
    assert_fails(golden_detector((const char *[]){"model.name", "mpcm", "model.stages", "3", NULL}, &d), STATUS_USAGE,
                 "model.stages", "unknown");
    d = mpcm("authors", "2");
    assert_int_equal(detector_score_kind(d), SCORE_RAW);
    assert_int_equal(parameter_count_trained(detector_parameters(d)), 0);
    assert_fails(detector_begin_training(d, &(detector_training){.batch_size = 1, .width = 8, .height = 8}),
                 STATUS_USAGE, "mpcm", "no parameters");
    detector_free(d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_definition),
        cmocka_unit_test(test_wrapping_definition),
        cmocka_unit_test(test_bright_and_dark_spot),
        cmocka_unit_test(test_flat_image),
        cmocka_unit_test(test_threads),
        cmocka_unit_test(test_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
