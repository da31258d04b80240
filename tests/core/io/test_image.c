#include "core/io/hdf5_io.h"
#include "core/io/image.h"
#include "tests/expect.h"

#include <stdlib.h>

#define GOLDEN "tests/golden/images.h5"

typedef status (*resize)(const grey_image *image, int width, int height, grey_image *out);

/* Values without any regularity, the same in every run. */
static grey_image noise(int width, int height, int maximum) {
    static uint32_t state = 1;
    grey_image image;
    assert_ok(grey_image_new(width, height, maximum, &image));
    for (int i = 0; i < width * height; i++) {
        state = state * 1664525u + 1013904223u;
        image.pixels[i] = (uint16_t)((state >> 16) & (uint32_t)maximum);
    }
    return image;
}

static void assert_same_pixels(const grey_image *image, const uint16_t *expected, const char *what) {
    for (int y = 0; y < image->height; y++)
        for (int x = 0; x < image->width; x++) {
            int got = image->pixels[y * image->width + x], wanted = expected[y * image->width + x];
            if (got != wanted)
                fail_msg("%s, %d x %d: pixel (%d, %d) is %d, expected %d", what, image->width, image->height, x, y, got,
                         wanted);
        }
}

static void test_new(void **state) {
    (void)state;
    grey_image image;
    assert_ok(grey_image_new(3, 2, 255, &image));
    assert_true(image.width == 3 && image.height == 2 && image.maximum == 255);
    for (int i = 0; i < 6; i++)
        assert_int_equal(image.pixels[i], 0);
    grey_image_free(&image);
    assert_null(image.pixels);
    grey_image_free(&image);
    assert_fails(grey_image_new(0, 4, 255, &image), STATUS_INPUT, "0 x 4", "32768");
    assert_fails(grey_image_new(4, -1, 255, &image), STATUS_INPUT, "4 x -1", "32768");
    assert_fails(grey_image_new(32769, 4, 255, &image), STATUS_INPUT, "32769 x 4", "32768");
    assert_null(image.pixels);
}

static void *read_all(h5_file *file, const char *name, h5_type type, size_t element) {
    h5_shape shape;
    assert_ok(h5_get_shape(file, name, &shape));
    size_t count = (size_t)shape.size[0] * (size_t)(shape.rank == 2 ? shape.size[1] : 1);
    void *data = malloc(count * element);
    assert_non_null(data);
    assert_ok(h5_read(file, name, type, count, data));
    return data;
}

/* Every case of the golden file, in which OpenCV's own results stand: 8-bit bilinear and nearest of both depths are
 * equal to the bit. The 16-bit bilinear is arithmetic in float: a compiler that fuses multiply and add can move a
 * result across a half, so one level is allowed there. */
static void test_equal_to_opencv(void **state) {
    (void)state;
    h5_file *file;
    h5_shape shape;
    assert_ok(h5_open(GOLDEN, &file));
    assert_ok(h5_get_shape(file, "resize/case", &shape));
    assert_true(shape.rank == 2 && shape.size[0] >= 32 && shape.size[1] == 5);
    int32_t *cases = read_all(file, "resize/case", H5_INT32, sizeof *cases);
    uint16_t *source = read_all(file, "resize/source", H5_UINT16, sizeof *source);
    uint16_t *bilinear = read_all(file, "resize/bilinear", H5_UINT16, sizeof *bilinear);
    uint16_t *nearest = read_all(file, "resize/nearest", H5_UINT16, sizeof *nearest);
    const uint16_t *pixels = source, *smooth = bilinear, *near = nearest;
    for (int64_t i = 0; i < shape.size[0]; i++) {
        const int32_t *c = cases + 5 * i;
        int count = c[2] * c[3];
        grey_image image = {.width = c[1], .height = c[0], .maximum = c[4], .pixels = source + (pixels - source)};
        grey_image out;
        assert_ok(grey_image_resize_nearest(&image, c[3], c[2], &out));
        assert_same_pixels(&out, near, "nearest");
        grey_image_free(&out);
        assert_ok(grey_image_resize_bilinear(&image, c[3], c[2], &out));
        assert_true(out.width == c[3] && out.height == c[2] && out.maximum == c[4]);
        if (c[4] == 255)
            assert_same_pixels(&out, smooth, "bilinear");
        for (int p = 0; p < count; p++)
            assert_true(abs(out.pixels[p] - smooth[p]) <= 1);
        grey_image_free(&out);
        pixels += c[0] * c[1];
        smooth += count;
        near += count;
    }
    free(cases);
    free(source);
    free(bilinear);
    free(nearest);
    h5_close(file);
}

/* Every case of the other golden file, in which Pillow's results stand: equal to the bit. */
static void test_equal_to_pillow(void **state) {
    (void)state;
    h5_file *file;
    h5_shape shape;
    assert_ok(h5_open("tests/golden/training.h5", &file));
    assert_ok(h5_get_shape(file, "resize/case", &shape));
    assert_true(shape.rank == 2 && shape.size[0] >= 11 && shape.size[1] == 4);
    int32_t *cases = read_all(file, "resize/case", H5_INT32, sizeof *cases);
    uint16_t *source = read_all(file, "resize/source", H5_UINT16, sizeof *source);
    uint16_t *smooth = read_all(file, "resize/antialiased", H5_UINT16, sizeof *smooth);
    uint16_t *near = read_all(file, "resize/centred", H5_UINT16, sizeof *near);
    int from = 0, to = 0;
    for (int64_t i = 0; i < shape.size[0]; i++) {
        const int32_t *c = cases + 4 * i;
        grey_image image = {.width = c[1], .height = c[0], .maximum = 255, .pixels = source + from};
        grey_image out;
        assert_ok(grey_image_resize_antialiased(&image, c[3], c[2], &out));
        assert_same_pixels(&out, smooth + to, "antialiased");
        grey_image_free(&out);
        assert_ok(grey_image_resize_centred(&image, c[3], c[2], &out));
        assert_same_pixels(&out, near + to, "centred");
        grey_image_free(&out);
        from += c[0] * c[1];
        to += c[2] * c[3];
    }
    free(cases);
    free(source);
    free(smooth);
    free(near);
    h5_close(file);
}

static void check_identity(resize function, int maximum) {
    grey_image image = noise(37, 21, maximum), out;
    assert_ok(function(&image, 37, 21, &out));
    assert_true(out.maximum == maximum && out.pixels != image.pixels);
    assert_same_pixels(&out, image.pixels, "identity");
    grey_image_free(&image);
    grey_image_free(&out);
}

static void test_same_size_is_identity(void **state) {
    (void)state;
    check_identity(grey_image_resize_bilinear, 255);
    check_identity(grey_image_resize_bilinear, 65535);
    check_identity(grey_image_resize_nearest, 255);
    check_identity(grey_image_resize_nearest, 65535);
    check_identity(grey_image_resize_antialiased, 65535);
    check_identity(grey_image_resize_centred, 65535);
}

/* A constant stays the same. In the 8-bit vertical pass each product is cut, so a constant may lose one level at most
 * where the two weights are odd: not for 0 and 255, the levels of a mask. */
static void test_constant_stays_constant(void **state) {
    (void)state;
    const int sizes[][2] = {{1, 1}, {5, 40}, {40, 5}, {23, 19}, {64, 64}};
    const int levels[][2] = {{0, 255}, {255, 255}, {0, 65535}, {31000, 65535}, {65535, 65535}};
    for (size_t l = 0; l < sizeof levels / sizeof levels[0]; l++) {
        grey_image image = noise(20, 20, levels[l][1]), out;
        for (int i = 0; i < 400; i++)
            image.pixels[i] = (uint16_t)levels[l][0];
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
            assert_ok(grey_image_resize_bilinear(&image, sizes[s][0], sizes[s][1], &out));
            for (int i = 0; i < sizes[s][0] * sizes[s][1]; i++)
                assert_int_equal(out.pixels[i], levels[l][0]);
            grey_image_free(&out);
        }
        grey_image_free(&image);
    }
}

static void test_halving_is_the_mean(void **state) {
    (void)state;
    const int maxima[] = {255, 65535};
    for (int m = 0; m < 2; m++) {
        grey_image image = noise(34, 18, maxima[m]), out;
        assert_ok(grey_image_resize_bilinear(&image, 17, 9, &out));
        for (int y = 0; y < 9; y++)
            for (int x = 0; x < 17; x++) {
                int sum = 0;
                for (int k = 0; k < 4; k++)
                    sum += image.pixels[(2 * y + k / 2) * 34 + 2 * x + k % 2];
                assert_int_equal(out.pixels[y * 17 + x], (sum + 2) / 4);
            }
        grey_image_free(&image);
        grey_image_free(&out);
    }
}

/* Against the definition in double precision. Fixed point: each weight is off by up to 2^-12 in each pass (255 * 2^-11
 * together is below 0.13 a pass), the cuts lose less than 2 quarters, the final rounding half: below 1.5 levels. In
 * float: the position has a relative error of 2^-24, at most 100 * 2^-24 * 65535 = 0.4 levels a pass, and the
 * rounding half a level: below 1.5 as well. */
static void check_against_definition(int width, int height, int target_width, int target_height, int maximum) {
    grey_image image = noise(width, height, maximum), out;
    assert_ok(grey_image_resize_bilinear(&image, target_width, target_height, &out));
    for (int i = 0; i < target_width * target_height; i++) {
        double x = (i % target_width + 0.5) * width / target_width - 0.5;
        double y = (i / target_width + 0.5) * height / target_height - 0.5;
        x = x < 0 ? 0 : x > width - 1 ? width - 1 : x;
        y = y < 0 ? 0 : y > height - 1 ? height - 1 : y;
        int left = (int)x, top = (int)y;
        int right = left + 1 < width ? left + 1 : left, bottom = top + 1 < height ? top + 1 : top;
        const uint16_t *upper = image.pixels + top * width, *lower = image.pixels + bottom * width;
        double above = upper[left] + (x - left) * (upper[right] - upper[left]);
        double below = lower[left] + (x - left) * (lower[right] - lower[left]);
        double expected = above + (y - top) * (below - above);
        double difference = out.pixels[i] - expected;
        if (difference > 1.5 || difference < -1.5)
            fail_msg("%d x %d to %d x %d: pixel %d is %d, expected %.3f", width, height, target_width, target_height, i,
                     out.pixels[i], expected);
    }
    grey_image_free(&image);
    grey_image_free(&out);
}

static void test_near_the_definition(void **state) {
    (void)state;
    const int sides[] = {1, 2, 3, 16, 31, 50, 100};
    for (int i = 0; i < 7 * 7; i++)
        for (int m = 0; m < 2; m++) {
            int a = sides[i / 7], b = sides[i % 7];
            if (a == 2 * b)
                continue; /* the mean of 2 x 2 pixels is another definition */
            check_against_definition(a, b, b, a, m == 0 ? 255 : 65535);
            check_against_definition(a, a, b, b, m == 0 ? 255 : 65535);
        }
}

static void test_bad_targets(void **state) {
    (void)state;
    grey_image image = noise(4, 4, 255), out;
    assert_fails(grey_image_resize_bilinear(&image, 0, 4, &out), STATUS_INPUT, "0 x 4", "expected");
    assert_fails(grey_image_resize_nearest(&image, 4, 40000, &out), STATUS_INPUT, "4 x 40000", "expected");
    assert_null(out.pixels);
    grey_image_free(&image);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new),
        cmocka_unit_test(test_equal_to_opencv),
        cmocka_unit_test(test_equal_to_pillow),
        cmocka_unit_test(test_same_size_is_identity),
        cmocka_unit_test(test_constant_stays_constant),
        cmocka_unit_test(test_halving_is_the_mean),
        cmocka_unit_test(test_near_the_definition),
        cmocka_unit_test(test_bad_targets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
