/* Images that are stored turned: all eight ways, what JPEG and TIFF say of it, and EXIF that is damaged. */
#include "core/io/image_file.h"
#include "core/io/orientation.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>
#include <tiffio.h>

enum { WIDTH = 3, HEIGHT = 2, PIXELS = WIDTH * HEIGHT, WAYS = 8, BLOCK = 8 };

/* What is seen of the rows 0 1 2 and 3 4 5; of 2 x 3 pixels from the fifth on. */
static const uint16_t seen[WAYS][PIXELS] = {{0, 1, 2, 3, 4, 5}, {2, 1, 0, 5, 4, 3}, {5, 4, 3, 2, 1, 0},
                                            {3, 4, 5, 0, 1, 2}, {0, 3, 1, 4, 2, 5}, {3, 0, 4, 1, 5, 2},
                                            {5, 2, 4, 1, 3, 0}, {2, 5, 1, 4, 0, 3}};

/* The image has blocks of `block` x `block` pixels, and values `step` apart, which may be off by `error`. */
static void expect_seen(const grey_image *image, int orientation, int block, int step, int error) {
    bool by_columns = orientation > 4;
    int width = by_columns ? HEIGHT : WIDTH, height = by_columns ? WIDTH : HEIGHT;
    assert_int_equal(image->width, width * block);
    assert_int_equal(image->height, height * block);
    for (int i = 0; i < PIXELS * block * block; i++) {
        int x = i % image->width / block, y = i / image->width / block;
        int expected = seen[orientation - 1][y * width + x] * step;
        if (abs(image->pixels[i] - expected) > error)
            fail_msg("orientation %d: pixel %d is %d, expected %d", orientation, i, image->pixels[i], expected);
    }
}

static void test_turning(void **state) {
    (void)state;
    for (int orientation = -1; orientation < WAYS + 3; orientation++) {
        grey_image image;
        assert_ok(grey_image_new(WIDTH, HEIGHT, 65535, &image));
        for (int i = 0; i < PIXELS; i++)
            image.pixels[i] = (uint16_t)(i * 10000);
        image.value_high = 7;
        assert_ok(grey_image_turn(&image, orientation));
        expect_seen(&image, orientation < 1 || orientation > WAYS ? 1 : orientation, 1, 10000, 0);
        assert_true(image.maximum == 65535 && image.value_high == 7);
        grey_image_free(&image);
    }
}

static void put_number(uint8_t *at, bool big_endian, int bytes, uint32_t number) {
    for (int i = 0; i < bytes; i++)
        at[big_endian ? bytes - 1 - i : i] = (uint8_t)(number >> 8 * i);
}

enum { EXIF_SIZE = 6 + 8 + 2 + 2 * 12 + 4 };

/* A directory of two: the number of samples of a pixel, and the orientation. */
static void make_exif(uint8_t out[EXIF_SIZE], bool big_endian, int orientation) {
    static const uint32_t parts[][2] = {{4, 8},      {2, 2}, {2, 0x115}, {2, 3}, {4, 1}, {2, 1}, {2, 0},
                                        {2, 0x0112}, {2, 3}, {4, 1},     {2, 0}, {2, 0}, {4, 0}};
    memset(out, 0, EXIF_SIZE);
    memcpy(out, "Exif\0", 6);
    memcpy(out + 6, big_endian ? "MM\0*" : "II*\0", 4);
    size_t at = 10;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        put_number(out + at, big_endian, (int)parts[i][0], i == 10 ? (uint32_t)orientation : parts[i][1]);
        at += parts[i][0];
    }
    assert_int_equal(at, EXIF_SIZE);
}

/* Blocks that are all of one value. Before EXIF may be another segment of its kind. */
static const char *jpeg_file(const uint8_t exif[EXIF_SIZE], bool other_before) {
    static uint8_t file[16384];
    struct jpeg_compress_struct codec;
    struct jpeg_error_mgr errors;
    uint8_t row[WIDTH * BLOCK], *start = file;
    unsigned long size = sizeof file;
    codec.err = jpeg_std_error(&errors);
    jpeg_create_compress(&codec);
    jpeg_mem_dest(&codec, &start, &size);
    codec.image_width = WIDTH * BLOCK;
    codec.image_height = HEIGHT * BLOCK;
    codec.input_components = 1;
    codec.in_color_space = JCS_GRAYSCALE;
    jpeg_set_defaults(&codec);
    jpeg_set_quality(&codec, 100, TRUE);
    jpeg_start_compress(&codec, TRUE);
    static const uint8_t other[5000] = "http://ns.adobe.com/xap/1.0/";
    if (other_before)
        jpeg_write_marker(&codec, JPEG_APP0 + 1, other, sizeof other);
    jpeg_write_marker(&codec, JPEG_APP0 + 1, exif, EXIF_SIZE);
    for (int y = 0; y < HEIGHT * BLOCK; y++) {
        JSAMPROW rows[1] = {row};
        for (int x = 0; x < WIDTH * BLOCK; x++)
            row[x] = (uint8_t)((y / BLOCK * WIDTH + x / BLOCK) * 40);
        jpeg_write_scanlines(&codec, rows, 1);
    }
    jpeg_finish_compress(&codec);
    jpeg_destroy_compress(&codec);
    return scratch_file("turned.jpg", file, size);
}

static void test_jpeg(void **state) {
    (void)state;
    uint8_t exif[EXIF_SIZE];
    for (int i = 0; i < 4 * WAYS; i++) {
        grey_image image;
        int orientation = i % WAYS + 1;
        make_exif(exif, i / WAYS & 1, orientation);
        const char *path = jpeg_file(exif, i / WAYS & 2);
        assert_ok(image_read(&(image_source){.path = path}, &image));
        expect_seen(&image, orientation, BLOCK, 40, 1);
        grey_image_free(&image);
    }
    make_exif(exif, false, 9);
    grey_image image;
    assert_ok(image_read(&(image_source){.path = jpeg_file(exif, false)}, &image));
    expect_seen(&image, 1, BLOCK, 40, 1);
    grey_image_free(&image);
}

static void test_tiff(void **state) {
    (void)state;
    for (int i = 0; i < 2 * WAYS; i++) {
        uint16_t orientation = (uint16_t)(i % WAYS + 1);
        const char *path = scratch_path("turned.tif");
        TIFF *file = TIFFOpen(path, "w");
        assert_non_null(file);
        TIFFSetField(file, TIFFTAG_IMAGEWIDTH, WIDTH);
        TIFFSetField(file, TIFFTAG_IMAGELENGTH, HEIGHT);
        TIFFSetField(file, TIFFTAG_BITSPERSAMPLE, i < WAYS ? 16 : 8);
        TIFFSetField(file, TIFFTAG_SAMPLESPERPIXEL, 1);
        TIFFSetField(file, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
        TIFFSetField(file, TIFFTAG_ORIENTATION, orientation);
        uint16_t deep[PIXELS];
        uint8_t bytes[PIXELS];
        for (int k = 0; k < PIXELS; k++) {
            deep[k] = (uint16_t)(k * 10000);
            bytes[k] = (uint8_t)(k * 40);
        }
        for (uint32_t y = 0; y < HEIGHT; y++)
            TIFFWriteScanline(file, i < WAYS ? (void *)(deep + y * WIDTH) : (void *)(bytes + y * WIDTH), y, 0);
        TIFFClose(file);
        grey_image image;
        assert_ok(image_read(&(image_source){.path = path}, &image));
        expect_seen(&image, orientation, 1, i < WAYS ? 10000 : 40, 0);
        grey_image_free(&image);
    }
}

/* Cut anywhere it is upright, and so it is wherever numbers lead out of it. The copies end where their memory does. */
static void test_damaged_exif(void **state) {
    (void)state;
    enum { ORIENTATION_END = 6 + 8 + 2 + 2 * 12 };
    uint8_t exif[EXIF_SIZE];
    for (int i = 0; i < 2; i++) {
        make_exif(exif, i, 6);
        for (size_t size = 0; size <= EXIF_SIZE; size++) {
            uint8_t *cut = malloc(size + 1);
            assert_non_null(cut);
            memcpy(cut + 1, exif, size); /* not aligned either */
            assert_int_equal(exif_orientation(cut + 1, size), size < ORIENTATION_END ? 1 : 6);
            free(cut);
        }
        for (size_t at = 0; at < EXIF_SIZE; at++)
            for (int value = 0; value < 256; value++) {
                uint8_t *damaged = malloc(EXIF_SIZE);
                assert_non_null(damaged);
                memcpy(damaged, exif, EXIF_SIZE);
                damaged[at] = (uint8_t)value;
                int orientation = exif_orientation(damaged, EXIF_SIZE);
                assert_in_range(orientation, 1, WAYS);
                free(damaged);
            }
        put_number(exif + 10, i, 4, 0xffffffff);
        assert_int_equal(exif_orientation(exif, EXIF_SIZE), 1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_turning),
        cmocka_unit_test(test_jpeg),
        cmocka_unit_test(test_tiff),
        cmocka_unit_test(test_damaged_exif),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
