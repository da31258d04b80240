/* Augmentation: its steps one by one, then what each recipe promises. */
#include "core/io/hdf5_io.h"
#include "datasets/vary/augment.h"
#include "datasets/vary/transform.h"
#include "tests/expect.h"
#include "tests/golden.h"

#include <math.h>
#include <stdlib.h>

enum { SIZE = 64, TRIES = 400, NAMED = 6, KINDS = 7 };

static const augmentation kinds[KINDS] = {AUGMENT_NONE,   AUGMENT_FLIPS,      AUGMENT_CROPS,  AUGMENT_MSHNET,
                                          AUGMENT_UIUNET, AUGMENT_TRANSPOSES, AUGMENT_TARGETS};

static grey_image image_of(int width, int height, int maximum, const uint16_t *pixels) {
    grey_image image;
    assert_ok(grey_image_new(width, height, maximum, &image));
    if (pixels)
        memcpy(image.pixels, pixels, (size_t)width * (size_t)height * sizeof *pixels);
    return image;
}

static void expect_pixels(grey_image *image, int width, int height, const uint16_t *expected) {
    assert_int_equal(image->width, width);
    assert_int_equal(image->height, height);
    assert_memory_equal(image->pixels, expected, (size_t)width * (size_t)height * sizeof *expected);
    grey_image_free(image);
}

static void test_moves(void **state) {
    (void)state;
    static const uint16_t wide[] = {1, 2, 3, 4, 5, 6}, square[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    grey_image image = image_of(3, 2, 255, wide);
    transform_flip_rows(&image);
    expect_pixels(&image, 3, 2, (uint16_t[]){4, 5, 6, 1, 2, 3});
    image = image_of(3, 2, 255, wide);
    transform_flip_columns(&image);
    expect_pixels(&image, 3, 2, (uint16_t[]){3, 2, 1, 6, 5, 4});
    image = image_of(3, 3, 255, square);
    transform_transpose(&image);
    expect_pixels(&image, 3, 3, (uint16_t[]){1, 4, 7, 2, 5, 8, 3, 6, 9});
    image = image_of(3, 3, 255, square);
    assert_ok(transform_crop(&image, 1, 0, 2, 2));
    expect_pixels(&image, 2, 2, (uint16_t[]){2, 3, 5, 6});
    image = image_of(3, 3, 255, square);
    assert_ok(transform_crop(&image, 2, -1, 2, 5));
    expect_pixels(&image, 2, 5, (uint16_t[]){0, 0, 3, 0, 6, 0, 9, 0, 0, 0});
    image = image_of(3, 3, 255, square);
    assert_ok(transform_crop(&image, 3, 0, 1, 1)); /* wholly beyond the image */
    expect_pixels(&image, 1, 1, (uint16_t[]){0});
}

/* Pillow rounds to whole levels after each of the six passes, we once; averages do not amplify what that adds. */
static void test_blur_is_that_of_pillow(void **state) {
    (void)state;
    enum { WIDTH = 14, HEIGHT = 11, PIXELS = WIDTH * HEIGHT };
    h5_file *file;
    void *radii, *source, *blurred;
    size_t count, pixels, all;
    assert_ok(h5_open("tests/golden/training.h5", &file));
    assert_ok(golden_read(file, "blur/radius", H5_FLOAT64, &radii, &count));
    assert_ok(golden_read(file, "blur/source", H5_UINT16, &source, &pixels));
    assert_ok(golden_read(file, "blur/blurred", H5_UINT16, &blurred, &all));
    assert_true(count >= 4 && pixels == PIXELS && all == count * PIXELS);
    for (size_t i = 0; i < count; i++) {
        const uint16_t *expected = (uint16_t *)blurred + i * PIXELS;
        grey_image image = image_of(WIDTH, HEIGHT, 255, source);
        assert_ok(transform_blur(&image, ((double *)radii)[i]));
        for (int k = 0; k < PIXELS; k++)
            assert_true(abs(image.pixels[k] - expected[k]) <= 3);
        assert_true(i > 0 || !memcmp(image.pixels, source, PIXELS * sizeof *expected)); /* radius 0 */
        grey_image_free(&image);
    }
    free(radii);
    free(source);
    free(blurred);
    h5_close(file);
}

/* An impulse becomes a hill of the same sum, of variance sigma^2 in either direction. */
static void test_width_of_the_blur(void **state) {
    (void)state;
    enum { SIDE = 15, MIDDLE = SIDE / 2 };
    grey_image image = image_of(SIDE, SIDE, 65535, NULL);
    image.pixels[MIDDLE * SIDE + MIDDLE] = 65535;
    assert_ok(transform_blur(&image, 0.8));
    double sum = 0, variance = 0;
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            sum += image.pixels[y * SIDE + x];
            variance += (double)image.pixels[y * SIDE + x] * (x - MIDDLE) * (x - MIDDLE);
        }
    assert_true(fabs(sum / 65535 - 1) < 1e-3 && fabs(variance / sum - 0.64) < 1e-3); /* 49 roundings to 1 / 65535 */
    grey_image_free(&image);
}

typedef struct pair {
    grey_image image, mask;
} pair;

static pair blank_pair(int width, int height) {
    return (pair){image_of(width, height, 255, NULL), image_of(width, height, 255, NULL)};
}

static void free_pair(pair *p) {
    grey_image_free(&p->image);
    grey_image_free(&p->mask);
}

static pair augmented_by(const augment_options *options, const pair *from, int64_t epoch, int sample) {
    pair p = {image_of(from->image.width, from->image.height, from->image.maximum, from->image.pixels),
              image_of(from->mask.width, from->mask.height, from->mask.maximum, from->mask.pixels)};
    assert_ok(augment_pair(options, 5, epoch, sample, SIZE, &p.image, &p.mask));
    assert_true(p.image.width == SIZE && p.image.height == SIZE);
    assert_true(p.mask.width == SIZE && p.mask.height == SIZE);
    return p;
}

static pair augmented(augmentation kind, const pair *from, int64_t epoch, int sample) {
    return augmented_by(&(augment_options){.kind = kind, .turns = AUGMENT_FLIPS}, from, epoch, sample);
}

static void fill(grey_image *image, int x, int y, int width, int height, uint16_t value) {
    for (int row = y; row < y + height; row++)
        for (int column = x; column < x + width; column++)
            image->pixels[row * image->width + column] = value;
}

/* Sum and centre of an image of SIZE x SIZE pixels; false if a pixel at its border is not 0. */
typedef struct blob {
    double sum, x, y;
} blob;

static bool measure(const grey_image *image, blob *out) {
    bool inside = true;
    *out = (blob){0};
    for (int y = 0; y < SIZE; y++)
        for (int x = 0; x < SIZE; x++) {
            double value = image->pixels[y * SIZE + x];
            bool border = x == 0 || y == 0 || x == SIZE - 1 || y == SIZE - 1;
            inside = inside && !(border && value > 0);
            out->sum += value;
            out->x += value * x;
            out->y += value * y;
        }
    out->x /= out->sum;
    out->y /= out->sum;
    return inside && out->sum > 0;
}

/* The same rectangle in image and mask: wherever it goes, it goes together. Nearest neighbours may move an edge by
 * half a pixel, and OpenCV's, which truncate, by one. */
static void test_mask_follows_the_image(void **state) {
    (void)state;
    pair p = blank_pair(100, 70);
    fill(&p.image, 30, 35, 11, 7, 255);
    fill(&p.mask, 30, 35, 11, 7, 255);
    for (int k = 0; k < KINDS; k++) {
        int seen = 0;
        for (int i = 0; i < TRIES; i++) {
            pair a = augmented(kinds[k], &p, i % 7, i);
            blob image, mask;
            if (measure(&a.image, &image) && measure(&a.mask, &mask)) {
                assert_true(fabs(image.x - mask.x) < 1 && fabs(image.y - mask.y) < 1);
                seen++;
            }
            free_pair(&a);
        }
        assert_in_range(seen, TRIES / 4, TRIES);
    }
    free_pair(&p);
}

static void test_function_of_its_arguments(void **state) {
    (void)state;
    pair p = blank_pair(90, 80);
    for (int i = 0; i < 90 * 80; i++)
        p.image.pixels[i] = (uint16_t)(i * 37 % 251);
    for (int k = 1; k < KINDS; k++) {
        int differ = 0;
        for (int i = 0; i < 16; i++) {
            pair one = augmented(kinds[k], &p, 3, i), same = augmented(kinds[k], &p, 3, i);
            pair next = augmented(kinds[k], &p, 4, i);
            assert_memory_equal(one.image.pixels, same.image.pixels, SIZE * SIZE * sizeof(uint16_t));
            differ += !!memcmp(one.image.pixels, next.image.pixels, SIZE * SIZE * sizeof(uint16_t));
            free_pair(&one);
            free_pair(&same);
            free_pair(&next);
        }
        if (kinds[k] == AUGMENT_TRANSPOSES)
            assert_in_range(differ, 3, 13); /* one in two comes again */
        else
            assert_in_range(differ, 10, 16); /* one in eight flips comes again */
    }
    free_pair(&p);
}

/* How often each of the eight symmetries comes: told by where a corner and its neighbour go. 0: as it was, 1:
 * transposed. */
static void count_symmetries(const augment_options *options, int seen[8]) {
    pair p = blank_pair(SIZE, SIZE);
    p.image.pixels[0] = 2;
    p.image.pixels[1] = 1;
    int last = SIZE - 1;
    memset(seen, 0, 8 * sizeof *seen);
    for (int i = 0; i < 4000; i++) {
        pair a = augmented_by(options, &p, i / 100, i % 100);
        const uint16_t *at = a.image.pixels;
        int corner = at[0] == 2 ? 0 : at[last] == 2 ? 1 : at[last * SIZE] == 2 ? 2 : 3;
        int x = corner & 1 ? last - 1 : 1, y = corner & 2 ? last : 0;
        assert_int_equal(at[(corner & 2 ? last : 0) * SIZE + (corner & 1 ? last : 0)], 2);
        seen[2 * corner + (at[y * SIZE + x] != 1)]++;
        free_pair(&a);
    }
    free_pair(&p);
}

static void test_symmetries(void **state) {
    (void)state;
    int seen[8];
    count_symmetries(&(augment_options){.kind = AUGMENT_FLIPS}, seen);
    for (int i = 0; i < 8; i++)
        assert_in_range(seen[i], 400, 600); /* 500 expected, standard deviation 21 */
    count_symmetries(&(augment_options){.kind = AUGMENT_TRANSPOSES}, seen);
    assert_in_range(seen[0], 1850, 2150); /* 2000 expected, standard deviation 32 */
    assert_int_equal(seen[0] + seen[1], 4000);
}

/* Windows around targets are turned as whole images will be. */
static void test_turns_of_windows(void **state) {
    (void)state;
    /* bits: the symmetries as count_symmetries numbers them */
    static const struct {
        augmentation turns;
        int seen;
    } cases[] = {{AUGMENT_NONE, 1},    {AUGMENT_TRANSPOSES, 3}, {AUGMENT_FLIPS, 255},
                 {AUGMENT_CROPS, 255}, {AUGMENT_MSHNET, 1 + 4}, {AUGMENT_UIUNET, 1 + 16}};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        int seen[8], different = 0;
        count_symmetries(&(augment_options){.kind = AUGMENT_TARGETS, .turns = cases[c].turns}, seen);
        for (int i = 0; i < 8; i++)
            different |= (seen[i] > 0) << i;
        assert_int_equal(different, cases[c].seen);
    }
}

/* Only one of 81 x 37 windows holds the pixel at a corner: those that must keep a target do. Returns how many. */
static int expect_windows(augmentation kind, int corner) {
    pair p = blank_pair(144, 100);
    p.mask.pixels[corner] = p.image.pixels[corner] = 200;
    int kept = 0;
    for (int i = 0; i < TRIES; i++) {
        pair a = augmented(kind, &p, 0, i);
        blob b;
        measure(&a.mask, &b);
        assert_true(b.sum == 0 || b.sum == 200);
        assert_memory_equal(a.image.pixels, a.mask.pixels, SIZE * SIZE * sizeof(uint16_t));
        kept += b.sum > 0;
        free_pair(&a);
    }
    free_pair(&p);
    return kept;
}

/* Half of the crops are forced, and all crops around targets. */
static void test_crops_keep_a_target(void **state) {
    (void)state;
    static const int corners[] = {0, 144 * 100 - 1};
    for (int c = 0; c < 2; c++) {
        int kept = expect_windows(AUGMENT_CROPS, corners[c]);
        assert_in_range(kept, TRIES / 2 - 50, TRIES / 2 + 50); /* standard deviation 10 */
        assert_int_equal(expect_windows(AUGMENT_TARGETS, corners[c]), TRIES);
    }
}

/* An image smaller than the window is kept whole; a mask of another size than its image does no harm. */
static void test_small_and_unequal_images(void **state) {
    (void)state;
    pair p = blank_pair(40, 30);
    fill(&p.image, 0, 0, 40, 30, 1);
    grey_image_free(&p.mask);
    p.mask = image_of(41, 29, 255, NULL);
    fill(&p.mask, 20, 15, 3, 3, 255);
    for (int i = 0; i < 32; i++) {
        pair a = augmented(AUGMENT_CROPS, &p, 0, i);
        blob b;
        measure(&a.image, &b);
        assert_true(b.sum == 40 * 30);
        free_pair(&a);
        for (int k = 0; k < KINDS; k++) {
            a = augmented(kinds[k], &p, 0, i);
            free_pair(&a);
        }
    }
    free_pair(&p);
}

/* A bright image, twice as wide as high, with a dark left quarter. While the longer side is at most SIZE all of it is
 * there: its extent tells the scale, the quarter's place the mirroring, values between the levels the blur. */
static void test_mshnet(void **state) {
    (void)state;
    pair p = blank_pair(200, 100);
    fill(&p.image, 0, 0, 200, 100, 200);
    fill(&p.image, 0, 0, 50, 100, 100);
    fill(&p.mask, 0, 0, 200, 100, 255);
    int whole = 0, mirrored = 0, blurred = 0, narrowest = SIZE;
    for (int i = 0; i < 4 * TRIES; i++) {
        pair a = augmented(AUGMENT_MSHNET, &p, 0, i);
        int width = 0, height = 0;
        while (width < SIZE && a.mask.pixels[width] > 0)
            width++;
        while (height < SIZE && a.mask.pixels[height * SIZE] > 0)
            height++;
        if (width < SIZE) {
            assert_in_range(width, SIZE / 2, SIZE);
            assert_int_equal(height, (width + 1) / 2);
            narrowest = width < narrowest ? width : narrowest;
            whole++;
            mirrored += a.image.pixels[2 * SIZE + 2] > 150;
            blurred += a.image.pixels[2 * SIZE + width] > 0; /* beyond the edge */
        } else {
            assert_in_range(height, SIZE / 2, SIZE);
        }
        free_pair(&a);
    }
    assert_int_equal(narrowest, SIZE / 2);
    assert_in_range(whole, 4 * TRIES / 3 - 100, 4 * TRIES / 3 + 100); /* 32 of 97 scales; standard deviation 19 */
    assert_in_range(2 * mirrored, whole - 100, whole + 100);          /* standard deviation 23 */
    assert_in_range(2 * blurred, whole - 150, whole + 80);            /* the weakest blurs do not show */
    free_pair(&p);
}

/* A pixel in the middle of the 72 columns and rows that this becomes: every offset, and both orders of the rows. */
static void test_uiunet(void **state) {
    (void)state;
    enum { WHOLE = SIZE * 10 / 9, OFFSETS = WHOLE - SIZE + 1 };
    pair p = blank_pair(WHOLE, WHOLE);
    p.mask.pixels[10 * WHOLE + 30] = 1;
    int columns[OFFSETS] = {0}, flipped = 0;
    for (int i = 0; i < TRIES; i++) {
        pair a = augmented(AUGMENT_UIUNET, &p, 0, i);
        blob b;
        measure(&a.mask, &b);
        assert_true(b.sum == 1);
        assert_in_range(30 - (int)b.x, 0, OFFSETS - 1);
        columns[30 - (int)b.x]++;
        flipped += b.y > SIZE / 2;
        free_pair(&a);
    }
    for (int i = 0; i < OFFSETS; i++)
        assert_true(columns[i] > 20); /* 50 expected, standard deviation 7 */
    assert_in_range(flipped, TRIES / 2 - 50, TRIES / 2 + 50);
    free_pair(&p);
}

static void test_names(void **state) {
    (void)state;
    static const char *const names[NAMED] = {"none", "flips", "crops", "mshnet", "uiunet", "transposes"};
    for (int i = 0; i < NAMED; i++)
        assert_int_equal(augment_find(names[i]), kinds[i]);
    assert_int_equal(augment_whole_size(AUGMENT_UIUNET, 288), 320);
    assert_int_equal(augment_whole_size(AUGMENT_MSHNET, 256), 256);
    assert_int_equal(augment_whole_size(AUGMENT_CROPS, 256), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moves),
        cmocka_unit_test(test_blur_is_that_of_pillow),
        cmocka_unit_test(test_width_of_the_blur),
        cmocka_unit_test(test_mask_follows_the_image),
        cmocka_unit_test(test_function_of_its_arguments),
        cmocka_unit_test(test_symmetries),
        cmocka_unit_test(test_turns_of_windows),
        cmocka_unit_test(test_crops_keep_a_target),
        cmocka_unit_test(test_small_and_unequal_images),
        cmocka_unit_test(test_mshnet),
        cmocka_unit_test(test_uiunet),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
