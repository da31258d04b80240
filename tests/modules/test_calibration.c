/* Detection in 8 bits: ranges are those that the images need, scores are near those in float32 and the same bits for
 * any number of threads, and what cannot be is refused. */
#include "modules/calibration.h"
#include "tests/expect.h"
#include "tests/modules/formula_network.h"
#include "tests/support.h"

#include <math.h>
#include <stdlib.h>

enum { W = 70, H = 52, PIXELS = W * H };

/* Clouds with a bright spot. */
static void draw(float *image, float brightness) {
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++)
            image[y * W + x] = brightness * (0.3f + 0.2f * sinf(0.11f * (float)x) * cosf(0.07f * (float)y) +
                                             (abs(x - 40) + abs(y - 20) < 3 ? 0.4f : 0));
}

static void calibrate(detector *d, const float *const *images, int count) {
    calibration *c;
    assert_ok(calibration_new(d, &c));
    for (int i = 0; i < count; i++)
        assert_ok(calibration_add(c, images[i], W, H));
    assert_ok(calibration_finish(c));
    calibration_free(c);
}

static int range_count(detector *d) {
    int count = 0;
    for (int i = 0; i < detector_parameters(d)->count; i++)
        count += detector_parameters(d)->items[i]->ranges != NULL;
    return count;
}

static float *logits(detector *d, const float *image) {
    detector_maps maps;
    assert_ok(detector_run(d, image, W, H, DETAIL_SCORE, &maps));
    float *copy = malloc(PIXELS * sizeof *copy);
    assert_non_null(copy);
    memcpy(copy, maps.logit, PIXELS * sizeof *copy);
    return copy;
}

/* Root mean square of a, or of a - b. */
static double size_of(const float *a, const float *b) {
    double sum = 0;
    for (int i = 0; i < PIXELS; i++)
        sum += pow((double)a[i] - (b ? b[i] : 0), 2) / PIXELS;
    return sqrt(sum);
}

/* The networks that have chains, how many layers of them are rounded, and how far a logit is off: with such weights
 * more than with trained ones. */
static const struct {
    const char *network, *setting;
    int layers;
    double limit;
} subjects[] = {{"rpcanet_plus", "model.stages=2", 6, 0.01},
                {"rpcanet", "model.stages=1", 12, 0.05},
                {"rpcanet_plusplus", "model.stages=1", 9, 0.05}};
enum { SUBJECTS = sizeof subjects / sizeof *subjects };

static void test_near_float(void **state) {
    (void)state;
    float image[PIXELS];
    draw(image, 1);
    for (int i = 0; i < SUBJECTS; i++) {
        detector *d;
        assert_ok(formula_network(subjects[i].network, subjects[i].setting, &d));
        calibrate(d, (const float *[]){image}, 1);
        assert_int_equal(range_count(d), subjects[i].layers);
        float *expected = logits(d, image);
        assert_ok(detector_set_precision(d, PRECISION_INT8));
        float *got = logits(d, image);
        double off = size_of(expected, got), size = size_of(expected, NULL);
        if (!(off > 0 && off <= subjects[i].limit * size))
            fail_msg("%s: logits are off by %.3g of %.3g", subjects[i].network, off, size);
        assert_ok(detector_set_precision(d, PRECISION_FLOAT));
        float *again = logits(d, image);
        assert_memory_equal(again, expected, sizeof image);
        free(expected);
        free(got);
        free(again);
        detector_free(d);
    }
}

/* On other threads, and of a twin. */
static void test_same_bits(void **state) {
    (void)state;
    float image[PIXELS], *first = NULL;
    draw(image, 1);
    for (int threads = 1; threads <= 5; threads += 2) {
        detector *d, *twin;
        engine *single;
        use_threads(threads);
        assert_ok(formula_network("rpcanet_plus", "model.stages=2", &d));
        calibrate(d, (const float *[]){image}, 1);
        assert_ok(detector_set_precision(d, PRECISION_INT8));
        assert_ok(engine_new(1, &single));
        assert_ok(detector_new_twin(d, single, &twin));
        float *got = logits(d, image), *of_twin = logits(twin, image);
        if (first)
            assert_memory_equal(got, first, sizeof image);
        assert_memory_equal(of_twin, got, sizeof image);
        free(of_twin);
        if (first)
            free(got);
        else
            first = got;
        detector_free(twin);
        detector_free(d);
        engine_free(single);
    }
    free(first);
    use_threads(0);
}

static float largest_range(const parameter *p) {
    float largest = 0;
    for (int i = 0; i < p->shape[0]; i++) {
        assert_true(p->ranges[i] > 0);
        largest = fmaxf(largest, p->ranges[i]);
    }
    return largest;
}

/* The first ReLU of RPCANet behind an image of one value: the range holds it, and one image more cannot make it less.
 */
static void test_ranges(void **state) {
    (void)state;
    float bright[PIXELS], dark[PIXELS];
    detector *d;
    draw(bright, 1);
    draw(dark, 0.01f);
    assert_ok(formula_network("rpcanet", "model.stages=1", &d));
    const parameter *first = parameter_find(detector_parameters(d), "decos.0.lowrank.convs.0.weight");
    assert_non_null(first);
    calibrate(d, (const float *[]){dark}, 1);
    float of_dark = largest_range(first);
    calibrate(d, (const float *[]){bright}, 1);
    float of_bright = largest_range(first);
    calibrate(d, (const float *[]){dark, bright, dark}, 3);
    assert_true(of_dark > 0 && of_dark < of_bright);
    assert_true(fabsf(largest_range(first) / of_bright - 1) < 0.1f);
    detector_free(d);
}

static void test_what_is_refused(void **state) {
    (void)state;
    calibration *c;
    detector *d;
    assert_ok(formula_network("mpcm", NULL, &d));
    assert_fails(calibration_new(d, &c), STATUS_USAGE, "mpcm", "no network");
    assert_null(c);
    assert_fails(detector_set_precision(d, PRECISION_INT8), STATUS_USAGE, "mpcm", "ranges");
    detector_free(d);
    assert_ok(formula_network("rpcanet_plus", "model.total_channels=8", &d));
    assert_fails(calibration_new(d, &c), STATUS_USAGE, "rpcanet_plus", "16 or more");
    detector_free(d);
    assert_ok(formula_network("rpcanet_plus", "model.stages=1", &d));
    assert_fails(detector_set_precision(d, PRECISION_INT8), STATUS_USAGE, "rpcanet_plus", "ranges");
    assert_ok(calibration_new(d, &c));
    assert_true(calibration_layers(c) == 3);
    assert_fails(calibration_finish(c), STATUS_INPUT, "decos.0.merge.mapping", "0 in all images");
    assert_int_equal(range_count(d), 0);
    calibration_free(c);
    detector_free(d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_near_float),
        cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_what_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
