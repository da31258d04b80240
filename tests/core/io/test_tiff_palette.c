/* TIFF whose pixels are places in a palette. */
#include "core/io/image_file.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <tiffio.h>

enum { WIDTH = 4 };

/* One row of the places 0, 1, 2 and 255. */
static const char *palette_file(uint16_t bits) {
    static uint16_t red[1 << 16], green[1 << 16], blue[1 << 16];
    static const uint8_t places[] = {0, 1, 2, 255};
    uint16_t wide[WIDTH];
    const char *path = scratch_path("palette.tif");
    TIFF *file = TIFFOpen(path, "w");
    assert_non_null(file);
    red[1] = green[1] = blue[1] = 65535;
    red[2] = 255 << 8 | 7; /* the high bytes count */
    red[255] = green[255] = blue[255] = 10 << 8 | 255;
    for (int i = 0; i < WIDTH; i++)
        wide[i] = places[i];
    TIFFSetField(file, TIFFTAG_IMAGEWIDTH, WIDTH);
    TIFFSetField(file, TIFFTAG_IMAGELENGTH, 1);
    TIFFSetField(file, TIFFTAG_BITSPERSAMPLE, bits);
    TIFFSetField(file, TIFFTAG_SAMPLESPERPIXEL, 1);
    TIFFSetField(file, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_PALETTE);
    TIFFSetField(file, TIFFTAG_COLORMAP, red, green, blue);
    assert_int_equal(TIFFWriteScanline(file, bits == 8 ? (void *)places : (void *)wide, 0, 0), 1);
    TIFFClose(file);
    return path;
}

static void test_colours_become_grey(void **state) {
    (void)state;
    static const uint16_t expected[] = {0, 255, 76 /* of red: 0.299 of 255 */, 10};
    grey_image image;
    assert_ok(image_read(&(image_source){.path = palette_file(8)}, &image));
    assert_true(image.width == WIDTH && image.height == 1 && image.maximum == 255);
    for (int i = 0; i < WIDTH; i++)
        assert_int_equal(image.pixels[i], expected[i]);
    grey_image_free(&image);
}

static void test_wider_places_are_refused(void **state) {
    (void)state;
    grey_image image;
    const char *path = palette_file(16);
    assert_fails(image_read(&(image_source){.path = path}, &image), STATUS_INPUT, path,
                 "a palette for other values than of 8 bits");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_colours_become_grey),
        cmocka_unit_test(test_wider_places_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
