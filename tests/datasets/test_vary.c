/* Variations of grey values and geometry: what each number means, and that none of them is nothing at all. */
#include "core/base/rng.h"
#include "datasets/preprocess.h"
#include "datasets/vary/augment.h"
#include "datasets/vary/transform.h"
#include "tests/expect.h"

#include <math.h>
#include <stdlib.h>

enum { SIZE = 48, PIXELS = SIZE * SIZE, MIDDLE = SIZE / 2, TRIES = 200, KINDS = 6 };

typedef struct pair {
    grey_image image, mask;
} pair;

static grey_image image_of(int width, int height, const uint16_t *pixels) {
    grey_image image;
    assert_ok(grey_image_new(width, height, 255, &image));
    if (pixels)
        memcpy(image.pixels, pixels, (size_t)width * (size_t)height * sizeof *pixels);
    return image;
}

static void free_pair(pair *p) {
    grey_image_free(&p->image);
    grey_image_free(&p->mask);
}

/* Grey everywhere, no target. */
static pair plain(uint16_t grey) {
    pair p = {image_of(SIZE, SIZE, NULL), image_of(SIZE, SIZE, NULL)};
    for (int i = 0; i < PIXELS; i++)
        p.image.pixels[i] = grey;
    return p;
}

static pair textured(void) {
    pair p = plain(0);
    for (int i = 0; i < PIXELS; i++)
        p.image.pixels[i] = (uint16_t)(i * 37 % 251);
    for (int y = 20; y < 24; y++)
        for (int x = 26; x < 31; x++)
            p.mask.pixels[y * SIZE + x] = 255;
    return p;
}

static void mark(grey_image *image, int x, int y, int width, int height) {
    for (int row = y; row < y + height; row++)
        for (int column = x; column < x + width; column++)
            image->pixels[row * SIZE + column] = 255;
}

static pair varied(const augment_options *o, const pair *from, int64_t epoch, int sample) {
    pair p = {image_of(from->image.width, from->image.height, from->image.pixels),
              image_of(from->mask.width, from->mask.height, from->mask.pixels)};
    assert_ok(augment_pair(o, 5, epoch, sample, SIZE, &p.image, &p.mask));
    return p;
}

static double grey(const grey_image *image, int i) {
    return (double)image->pixels[i] / image->maximum;
}

static bool same_pixels(const grey_image *a, const grey_image *b) {
    return a->maximum == b->maximum && !memcmp(a->pixels, b->pixels, PIXELS * sizeof *a->pixels);
}

static void expect_pixels(grey_image *image, const uint16_t *expected) {
    assert_memory_equal(image->pixels, expected, (size_t)image->width * (size_t)image->height * sizeof *image->pixels);
    grey_image_free(image);
}

/* The draws and bits from before there was anything but the kind. */
static void test_off_is_as_before(void **state) {
    (void)state;
    pair p = textured();
    for (int i = 0; i < 24; i++) {
        pair a = varied(&(augment_options){.kind = AUGMENT_NONE}, &p, 2, i);
        assert_true(same_pixels(&a.image, &p.image) && same_pixels(&a.mask, &p.mask));
        free_pair(&a);
        a = varied(&(augment_options){.kind = AUGMENT_FLIPS}, &p, 2, i);
        rng r = rng_new(5, rng_stream_of("augment") + 2);
        r.index = (uint64_t)i;
        uint32_t choice = rng_u32(&r) % 8;
        grey_image expected = image_of(SIZE, SIZE, p.image.pixels);
        if (choice & 1)
            transform_flip_rows(&expected);
        if (choice & 2)
            transform_flip_columns(&expected);
        if (choice & 4)
            transform_transpose(&expected);
        assert_true(same_pixels(&a.image, &expected));
        grey_image_free(&expected);
        free_pair(&a);
    }
    free_pair(&p);
}

static const augment_options each[] = {
    {.geometry.rotation = 30}, {.geometry.scale = 0.5}, {.grey.blur = 2}, {.grey.gain = 0.3}, {.grey.noise = 0.1},
};
enum { EACH = sizeof each / sizeof *each };

/* On top of every kind, and another result in every epoch and for every sample. */
static void test_function_of_its_arguments(void **state) {
    (void)state;
    pair p = textured();
    for (int k = 0; k < EACH; k++)
        for (int kind = 0; kind < KINDS; kind++) {
            augment_options o = each[k];
            o.kind = (augmentation)kind;
            pair plain_one = varied(&(augment_options){.kind = o.kind}, &p, 3, 1);
            pair one = varied(&o, &p, 3, 1), same = varied(&o, &p, 3, 1);
            pair epoch = varied(&o, &p, 4, 1), sample = varied(&o, &p, 3, 2);
            assert_true(same_pixels(&one.image, &same.image) && same_pixels(&one.mask, &same.mask));
            assert_false(same_pixels(&one.image, &epoch.image));
            assert_false(same_pixels(&one.image, &sample.image));
            transform_deepen(&plain_one.image);
            assert_false(same_pixels(&one.image, &plain_one.image));
            for (int i = 0; i < PIXELS; i++)
                assert_true(one.mask.pixels[i] == 0 || one.mask.pixels[i] == 255);
            free_pair(&plain_one);
            free_pair(&one);
            free_pair(&same);
            free_pair(&epoch);
            free_pair(&sample);
        }
    free_pair(&p);
}

/* The grey values of one and the same geometry: each number draws for itself. */
static void test_numbers_do_not_disturb_each_other(void **state) {
    (void)state;
    pair p = textured();
    augment_options one = {.geometry = {.rotation = 20}}, all = {.geometry = {.rotation = 20}, .grey = {1, 0.2, 0.1}};
    for (int i = 0; i < 10; i++) {
        pair a = varied(&one, &p, 0, i), b = varied(&all, &p, 0, i);
        assert_true(same_pixels(&a.mask, &b.mask));
        free_pair(&a);
        free_pair(&b);
    }
    free_pair(&p);
}

static void test_depth(void **state) {
    (void)state;
    grey_image image = image_of(2, 1, (uint16_t[]){255, 100});
    float before[2], after[2];
    image_to_unit(&image, before);
    transform_deepen(&image);
    transform_deepen(&image); /* is deep already */
    assert_int_equal(image.maximum, 65535);
    image_to_unit(&image, after);
    assert_memory_equal(before, after, sizeof before);
    grey_image_free(&image);
}

/* Two grey values tell factor and offset. */
static void test_gain(void **state) {
    (void)state;
    const double gain = 0.2;
    pair p = plain(100);
    p.image.pixels[7] = 150;
    double lowest[2] = {9, 9}, highest[2] = {-9, -9};
    for (int i = 0; i < TRIES; i++) {
        pair a = varied(&(augment_options){.grey.gain = gain}, &p, 0, i);
        double factor = (grey(&a.image, 7) - grey(&a.image, 0)) * 255 / 50;
        double drawn[2] = {factor, grey(&a.image, 0) - factor * 100 / 255};
        for (int k = 0; k < 2; k++) {
            lowest[k] = fmin(lowest[k], drawn[k]);
            highest[k] = fmax(highest[k], drawn[k]);
        }
        assert_int_equal(a.image.pixels[0], a.image.pixels[PIXELS - 1]);
        free_pair(&a);
    }
    assert_true(lowest[0] > 1 - gain - 1e-3 && lowest[0] < 1 - 0.9 * gain);
    assert_true(highest[0] < 1 + gain + 1e-3 && highest[0] > 1 + 0.9 * gain);
    assert_true(lowest[1] > -gain / 2 - 1e-3 && lowest[1] < -0.9 * gain / 2);
    assert_true(highest[1] < gain / 2 + 1e-3 && highest[1] > 0.9 * gain / 2);
    free_pair(&p);
    p = plain(255); /* clipped */
    int full = 0;
    for (int i = 0; i < TRIES; i++) {
        pair a = varied(&(augment_options){.grey.gain = gain}, &p, 0, i);
        full += a.image.pixels[0] == 65535;
        free_pair(&a);
    }
    assert_in_range(full, TRIES / 2 - 40, TRIES / 2 + 40);
    free_pair(&p);
}

static void test_noise(void **state) {
    (void)state;
    const double noise = 0.05;
    pair p = plain(127);
    double mean_level = 0, highest = 0, neighbours = 0;
    for (int i = 0; i < TRIES; i++) {
        pair a = varied(&(augment_options){.grey.noise = noise}, &p, 0, i);
        double mean = 0, variance = 0, product = 0;
        for (int k = 0; k < PIXELS; k++)
            mean += grey(&a.image, k) / PIXELS;
        for (int k = 0; k < PIXELS; k++) {
            double here = grey(&a.image, k) - mean;
            variance += here * here / PIXELS;
            product += k ? here * (grey(&a.image, k - 1) - mean) / PIXELS : 0;
        }
        assert_true(fabs(mean - 127 / 255.0) < 4 * noise / SIZE);
        mean_level += sqrt(variance) / TRIES;
        highest = fmax(highest, sqrt(variance));
        neighbours += product / variance / TRIES;
        free_pair(&a);
    }
    assert_true(fabs(mean_level - noise / 2) < 0.15 * noise / 2); /* standard deviation of the mean: 4 % */
    assert_true(highest > 0.95 * noise && highest < 1.1 * noise);
    assert_true(fabs(neighbours) < 0.01); /* standard deviation 0.0015 */
    free_pair(&p);
}

/* Variance in x of an impulse that was blurred. */
static double spread(const grey_image *image) {
    double sum = 0, variance = 0;
    for (int i = 0; i < PIXELS; i++) {
        sum += image->pixels[i];
        variance += (double)image->pixels[i] * (i % SIZE - MIDDLE) * (i % SIZE - MIDDLE);
    }
    assert_true(fabs(sum / image->maximum - 1) < 0.05); /* roundings of many small values */
    return variance / sum;
}

static void test_blur(void **state) {
    (void)state;
    pair p = plain(0);
    p.image.pixels[MIDDLE * SIZE + MIDDLE] = 255;
    double lowest = 9, highest = 0;
    for (int i = 0; i < TRIES; i++) {
        pair a = varied(&(augment_options){.grey.blur = 2}, &p, 0, i);
        double sigma = sqrt(spread(&a.image));
        lowest = fmin(lowest, sigma);
        highest = fmax(highest, sigma);
        free_pair(&a);
    }
    assert_true(lowest < 0.2 && highest > 1.9 && highest < 2.05);
    transform_deepen(&p.image);
    assert_ok(transform_gaussian(&p.image, 1.5));
    assert_true(fabs(spread(&p.image) - 2.25) < 0.05);
    free_pair(&p);
    p = plain(0); /* as far as four standard deviations */
    transform_deepen(&p.image);
    p.image.pixels[MIDDLE * SIZE + MIDDLE] = 65535;
    assert_ok(transform_gaussian(&p.image, 1));
    assert_true(p.image.pixels[MIDDLE * SIZE + MIDDLE + 4] > 0 && p.image.pixels[MIDDLE * SIZE + MIDDLE + 5] == 0);
    free_pair(&p);
    p = plain(255); /* edges do not darken, nor does anything overflow */
    assert_ok(transform_gaussian(&p.image, 3));
    for (int i = 0; i < PIXELS; i++)
        assert_int_equal(p.image.pixels[i], 255);
    free_pair(&p);
}

static void test_similar(void **state) {
    (void)state;
    static const uint16_t square[] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, wide[] = {10, 20, 30, 40};
    grey_image image = image_of(3, 3, square);
    assert_ok(transform_similar_bilinear(&image, 1, 0));
    expect_pixels(&image, square);
    image = image_of(3, 3, square);
    assert_ok(transform_similar_nearest(&image, 0, 1)); /* a quarter turn */
    expect_pixels(&image, (uint16_t[]){3, 6, 9, 2, 5, 8, 1, 4, 7});
    image = image_of(4, 1, wide);
    assert_ok(transform_similar_bilinear(&image, 0.5, 0)); /* twice as large */
    expect_pixels(&image, (uint16_t[]){18, 22, 28, 32});   /* 17.5 and 27.5 go to the even level */
    image = image_of(4, 1, wide);
    assert_ok(transform_similar_bilinear(&image, 3, 0)); /* at -3, 0, 3 and 6: reflected */
    expect_pixels(&image, (uint16_t[]){40, 10, 40, 10});
    image = image_of(4, 1, wide);
    assert_ok(transform_similar_nearest(&image, 0, 5)); /* above and below the only row */
    expect_pixels(&image, (uint16_t[]){30, 30, 30, 30});
}

/* The direction of a bar that begins in the centre, and the side of a square. */
static void test_ranges_of_the_geometry(void **state) {
    (void)state;
    pair p = plain(0);
    mark(&p.mask, MIDDLE - 1, MIDDLE - 1, 16, 2);
    pair square = plain(0);
    mark(&square.mask, MIDDLE - 6, MIDDLE - 6, 12, 12);
    mark(&square.image, MIDDLE - 6, MIDDLE - 6, 12, 12);
    double lowest = 9, highest = -9, smallest = 9, largest = 0;
    for (int i = 0; i < TRIES; i++) {
        pair a = varied(&(augment_options){.geometry.rotation = 40}, &p, 0, i);
        double x = 0, y = 0;
        for (int k = 0; k < PIXELS; k++)
            if (a.mask.pixels[k]) {
                x += k % SIZE - (SIZE - 1) / 2.0;
                y += k / SIZE - (SIZE - 1) / 2.0;
            }
        double angle = atan2(y, x) * 180 / M_PI;
        lowest = fmin(lowest, angle);
        highest = fmax(highest, angle);
        free_pair(&a);
        a = varied(&(augment_options){.geometry.scale = 0.5}, &square, 0, i);
        double area = 0, labelled = 0;
        for (int k = 0; k < PIXELS; k++) {
            area += grey(&a.image, k);
            labelled += grey(&a.mask, k);
        }
        assert_true(fabs(sqrt(area) - sqrt(labelled)) < 1);
        smallest = fmin(smallest, sqrt(area) / 12);
        largest = fmax(largest, sqrt(area) / 12);
        free_pair(&a);
    }
    assert_true(lowest > -44 && lowest < -36 && highest < 44 && highest > 36);
    assert_true(smallest > 0.64 && smallest < 0.71 && largest < 1.53 && largest > 1.43);
    free_pair(&square);
    free_pair(&p);
}

/* A target in image and mask stays in one place in both. It is too near to the centre to be seen reflected. */
static void test_mask_follows_the_image(void **state) {
    (void)state;
    pair p = plain(0);
    mark(&p.mask, 26, 20, 5, 4);
    mark(&p.image, 26, 20, 5, 4);
    for (int i = 0; i < TRIES; i++) {
        pair a = varied(&(augment_options){.geometry = {.rotation = 180, .scale = 0.2}}, &p, 0, i);
        double sums[2] = {0}, x[2] = {0}, y[2] = {0};
        for (int k = 0; k < PIXELS; k++)
            for (int which = 0; which < 2; which++) {
                double value = grey(which ? &a.mask : &a.image, k);
                sums[which] += value;
                x[which] += value * (k % SIZE);
                y[which] += value * (k / SIZE);
            }
        assert_true(fabs(x[0] / sums[0] - x[1] / sums[1]) < 0.5 && fabs(y[0] / sums[0] - y[1] / sums[1]) < 0.5);
        free_pair(&a);
    }
    free_pair(&p);
}

/* One pixel, which half of the shrinkings would lose, and every strong enlargement: the pair then stays as it was. */
static void test_the_last_target_stays(void **state) {
    (void)state;
    pair p = textured();
    memset(p.mask.pixels, 0, PIXELS * sizeof *p.mask.pixels);
    p.mask.pixels[3 * SIZE + 4] = 255;
    pair deep = textured();
    transform_deepen(&deep.image);
    int stayed = 0;
    for (int i = 0; i < TRIES; i++) {
        pair a = varied(&(augment_options){.geometry = {.rotation = 10, .scale = 1}}, &p, 0, i);
        assert_int_equal(mask_maximum(&a.mask), 255);
        bool mask_stayed = same_pixels(&a.mask, &p.mask), image_stayed = same_pixels(&a.image, &deep.image);
        assert_true(mask_stayed || !image_stayed);
        stayed += image_stayed;
        free_pair(&a);
    }
    assert_in_range(stayed, TRIES / 3, TRIES - 20);
    free_pair(&p);
    free_pair(&deep);
}

/* Windows of 48 in 144 x 144: one in about nine holds a target in the middle if it may lie anywhere. */
static void test_background_of_crops(void **state) {
    (void)state;
    enum { SIDE = 144 };
    pair p = {image_of(SIDE, SIDE, NULL), image_of(SIDE, SIDE, NULL)};
    p.mask.pixels[5] = 255; /* at the edge: in a window of 97 x 97 */
    static const double shares[] = {0, 0.5, 1};
    for (int s = 0; s < 3; s++) {
        int with = 0;
        for (int i = 0; i < TRIES; i++) {
            pair a = varied(&(augment_options){.kind = AUGMENT_TARGETS, .background = shares[s]}, &p, 0, i);
            with += mask_maximum(&a.mask) > 0;
            free_pair(&a);
        }
        if (s == 0)
            assert_int_equal(with, TRIES);
        if (s == 1)
            assert_in_range(with, TRIES / 2 - 30, TRIES / 2 + 30); /* standard deviation 7 */
        if (s == 2)
            assert_in_range(with, 0, 3);
    }
    free_pair(&p);
}

/* Of an image of twice the size: as of the image that was resized before. */
static void test_crops_of_resized_images(void **state) {
    (void)state;
    enum { LARGE = 4 * SIZE, WHOLE = 2 * SIZE };
    pair large = {image_of(LARGE, LARGE, NULL), image_of(LARGE, LARGE, NULL)};
    for (int i = 0; i < LARGE * LARGE; i++)
        large.image.pixels[i] = (uint16_t)(i * 37 % 251);
    mark(&large.mask, 40, 60, 9, 7);
    pair small = {image_of(LARGE, LARGE, large.image.pixels), image_of(LARGE, LARGE, large.mask.pixels)};
    assert_ok(resize_image(&small.image, WHOLE, WHOLE));
    assert_ok(resize_mask(&small.mask, WHOLE, WHOLE));
    for (int i = 0; i < 20; i++) {
        pair a = varied(&(augment_options){.kind = AUGMENT_TARGETS, .whole = WHOLE}, &large, 0, i);
        pair b = varied(&(augment_options){.kind = AUGMENT_TARGETS}, &small, 0, i);
        assert_true(same_pixels(&a.image, &b.image) && same_pixels(&a.mask, &b.mask));
        free_pair(&a);
        free_pair(&b);
    }
    free_pair(&large);
    free_pair(&small);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_off_is_as_before),
        cmocka_unit_test(test_function_of_its_arguments),
        cmocka_unit_test(test_numbers_do_not_disturb_each_other),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_gain),
        cmocka_unit_test(test_noise),
        cmocka_unit_test(test_blur),
        cmocka_unit_test(test_similar),
        cmocka_unit_test(test_ranges_of_the_geometry),
        cmocka_unit_test(test_mask_follows_the_image),
        cmocka_unit_test(test_the_last_target_stays),
        cmocka_unit_test(test_background_of_crops),
        cmocka_unit_test(test_crops_of_resized_images),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
