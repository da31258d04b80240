/* TIFF whose values have no full scale: whole numbers with a sign or of 32 bits, and white for the smallest. */
#include "core/io/image_file.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <tiffio.h>

enum { WIDTH = 3 };

static grey_image read_row(uint16_t bits, uint16_t kind, uint16_t photometric, const void *values) {
    const char *path = scratch_path("values.tif");
    uint8_t row[64];
    grey_image image;
    memcpy(row, values, (size_t)WIDTH * bits / 8); /* libtiff may swap bytes in place */
    TIFF *file = TIFFOpen(path, "w");
    assert_non_null(file);
    TIFFSetField(file, TIFFTAG_IMAGEWIDTH, WIDTH);
    TIFFSetField(file, TIFFTAG_IMAGELENGTH, 1);
    TIFFSetField(file, TIFFTAG_BITSPERSAMPLE, bits);
    TIFFSetField(file, TIFFTAG_SAMPLEFORMAT, kind);
    TIFFSetField(file, TIFFTAG_PHOTOMETRIC, photometric);
    assert_int_equal(TIFFWriteScanline(file, row, 0, 0), 1);
    TIFFClose(file);
    assert_ok(image_read(&(image_source){.path = path}, &image));
    assert_int_equal(image.maximum, 65535);
    return image;
}

static void expect_row(grey_image image, bool own_scale, double low, double high, int first, int second, int third) {
    assert_int_equal(image.own_scale, own_scale);
    assert_true(image.value_low == low && image.value_high == high);
    assert_int_equal(image.pixels[0], first);
    assert_int_equal(image.pixels[1], second);
    assert_int_equal(image.pixels[2], third);
    grey_image_free(&image);
}

static void test_wide_whole_numbers(void **state) {
    (void)state;
    static const int16_t counts[] = {0, 255, 32767}, dark[] = {0, 1, 200}, degrees[] = {-100, 0, 300};
    static const int32_t wide[] = {0, 300, 65535}, deep[] = {100, 100100, 50100};
    static const uint32_t large[] = {0, 2147483648u, 4294967295u};
    enum { INT = SAMPLEFORMAT_INT, UINT = SAMPLEFORMAT_UINT, BLACK = PHOTOMETRIC_MINISBLACK };
    expect_row(read_row(16, INT, BLACK, counts), false, 0, 65535, 0, 255, 32767);
    expect_row(read_row(16, INT, BLACK, dark), false, 0, 65535, 0, 1, 200); /* not as 8 bits */
    expect_row(read_row(16, INT, BLACK, degrees), true, -100, 300, 0, 16384, 65535);
    expect_row(read_row(32, INT, BLACK, wide), false, 0, 65535, 0, 300, 65535);
    expect_row(read_row(32, UINT, BLACK, wide), false, 0, 65535, 0, 300, 65535);
    expect_row(read_row(32, INT, BLACK, deep), true, 100, 100100, 0, 65535, 32768);
    expect_row(read_row(32, UINT, BLACK, large), true, 0, 4294967296.0 /* as a float */, 0, 32768, 65535);
}

/* What a filter leaves beside 0 to 1 is clipped, as of a frame in the library: one pixel must not make all of an image
 * nearly black. */
static void test_shares_that_were_filtered(void **state) {
    (void)state;
    static const float above[] = {0, 1.003f, 0.25f}, below[] = {-0.009f, 0.5f, 1}, far[] = {0, 1.02f, 0.25f},
                       negative[] = {-0.02f, 0, 1}, faint[] = {-0.005f, 0, 0.005f};
    enum { FLOAT = SAMPLEFORMAT_IEEEFP, BLACK = PHOTOMETRIC_MINISBLACK };
    expect_row(read_row(32, FLOAT, BLACK, above), false, 0, 1, 0, 65535, 16384);
    expect_row(read_row(32, FLOAT, BLACK, below), false, 0, 1, 0, 32768, 65535);
    expect_row(read_row(32, FLOAT, BLACK, far), false, 0, 255, 0, 262, 64);
    expect_row(read_row(32, FLOAT, BLACK, negative), true, -0.02f, 1, 0, 1285, 65535);
    expect_row(read_row(32, FLOAT, BLACK, faint), true, -0.005f, 0.005f, 0, 32768, 65535); /* a difference, say */
}

static void test_white_is_least(void **state) {
    (void)state;
    static const float shares[] = {0, 1, 0.25f}, degrees[] = {-10, 30, 10};
    static const int32_t counts[] = {0, 65535, 35};
    enum { FLOAT = SAMPLEFORMAT_IEEEFP, WHITE = PHOTOMETRIC_MINISWHITE };
    expect_row(read_row(32, FLOAT, WHITE, shares), false, 0, 1, 65535, 0, 65535 - 16384);
    expect_row(read_row(32, FLOAT, WHITE, degrees), true, -10, 30, 65535, 0, 65535 - 32768);
    expect_row(read_row(32, SAMPLEFORMAT_INT, WHITE, counts), false, 0, 65535, 65535, 0, 65500);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wide_whole_numbers),
        cmocka_unit_test(test_shares_that_were_filtered),
        cmocka_unit_test(test_white_is_least),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
