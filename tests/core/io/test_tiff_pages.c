/* TIFF of many pages: none is lost, and each is found from the one before. */
#include "core/io/image_file.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <stdlib.h>

#include <tiffio.h>

enum { HEADER = 8, FIELDS = 10, PAGE_BYTES = 2 + FIELDS * 12 + 4 + 2, MANY = 65600 };

static uint8_t *put(uint8_t *at, uint32_t value, int bytes) {
    for (int i = 0; i < bytes; i++)
        *at++ = (uint8_t)(value >> 8 * i);
    return at;
}

/* Pages of one pixel of 16 bits, whose value is the page's number from 1; each `thumbnail`th is a smaller copy. By
 * hand: libtiff takes long to write so many. */
static const char *pages_file(const char *name, int count, int thumbnail) {
    size_t size = HEADER + (size_t)count * PAGE_BYTES;
    uint8_t *bytes = calloc(size, 1), *at = bytes;
    assert_non_null(bytes);
    at = put(at, 'I' | 'I' << 8 | 42 << 16, 4);
    at = put(at, HEADER, 4);
    for (int i = 0; i < count; i++) {
        uint32_t pixel = (uint32_t)(at - bytes) + PAGE_BYTES - 2, next = i + 1 < count ? pixel + 2 : 0;
        const uint32_t fields[FIELDS][2] = {
            {TIFFTAG_SUBFILETYPE, thumbnail && (i + 1) % thumbnail == 0 ? FILETYPE_REDUCEDIMAGE : 0},
            {TIFFTAG_IMAGEWIDTH, 1},
            {TIFFTAG_IMAGELENGTH, 1},
            {TIFFTAG_BITSPERSAMPLE, 16},
            {TIFFTAG_COMPRESSION, COMPRESSION_NONE},
            {TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK},
            {TIFFTAG_STRIPOFFSETS, pixel},
            {TIFFTAG_SAMPLESPERPIXEL, 1},
            {TIFFTAG_ROWSPERSTRIP, 1},
            {TIFFTAG_STRIPBYTECOUNTS, 2}};
        at = put(at, FIELDS, 2);
        for (int k = 0; k < FIELDS; k++) {
            at = put(at, fields[k][0], 2);
            at = put(at, TIFF_LONG, 2);
            at = put(at, 1, 4);
            at = put(at, fields[k][1], 4);
        }
        at = put(at, next, 4);
        at = put(at, (uint32_t)i + 1, 2);
    }
    const char *path = scratch_file(name, (const char *)bytes, size);
    free(bytes);
    return path;
}

static void expect_page(const char *path, int page, int value) {
    grey_image image;
    assert_ok(image_read(&(image_source){.path = path, .page = page}, &image));
    if (image.pixels[0] != value)
        fail_msg("%s: page %d is %d, expected %d", path, page, image.pixels[0], value);
    grey_image_free(&image);
}

/* More pages than 16 bits count; the last ones in order, which would take minutes were all before them walked through
 * for each. */
static void test_many_pages(void **state) {
    (void)state;
    int pages;
    grey_image image;
    const char *path = pages_file("many.tif", MANY, 0);
    assert_ok(image_count_pages(&(image_source){.path = path}, &pages));
    assert_int_equal(pages, MANY);
    for (int page = 64000; page <= MANY; page++)
        expect_page(path, page, page & 0xffff);
    assert_fails(image_read(&(image_source){.path = path, .page = MANY + 1}, &image), STATUS_INPUT,
                 "holds 65600 images", "none of number 65601");
    expect_page(path, 2, 2);
    expect_page(path, 1, 1);
}

/* Smaller copies are no pages; files take turns, and one is another after it was written anew. */
static void test_order(void **state) {
    (void)state;
    int pages;
    const char *a = pages_file("a.tif", 9, 3), *b = pages_file("b.tif", 4, 0);
    assert_ok(image_count_pages(&(image_source){.path = a}, &pages));
    assert_int_equal(pages, 6);
    static const int values[] = {1, 2, 4, 5, 7, 8}, order[] = {0, 2, 2, 1, 3, 5, 4, 0};
    for (int i = 0; i < 8; i++) {
        expect_page(a, order[i] + 1, values[order[i]]);
        expect_page(b, i % 4 + 1, i % 4 + 1);
        expect_page(a, order[i] + 1, values[order[i]]);
    }
    a = pages_file("a.tif", 9, 0);
    expect_page(a, 6, 6);
}

/* Both orders of bytes, offsets of 32 and of 64 bits. */
static void test_kinds_of_file(void **state) {
    (void)state;
    static const char *const modes[] = {"wl", "wb", "wl8", "wb8"};
    for (int i = 0; i < 4; i++) {
        const char *path = scratch_path("kinds.tif");
        TIFF *file = TIFFOpen(path, modes[i]);
        assert_non_null(file);
        for (int page = 1; page <= 3; page++) {
            uint16_t pixel = (uint16_t)(1000 * page);
            TIFFSetField(file, TIFFTAG_IMAGEWIDTH, 1);
            TIFFSetField(file, TIFFTAG_IMAGELENGTH, 1);
            TIFFSetField(file, TIFFTAG_BITSPERSAMPLE, 16);
            TIFFSetField(file, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISBLACK);
            assert_int_equal(TIFFWriteScanline(file, &pixel, 0, 0), 1);
            assert_int_equal(TIFFWriteDirectory(file), 1);
        }
        TIFFClose(file);
        for (int page = 1; page <= 3; page++)
            expect_page(path, page, 1000 * page);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_pages),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_kinds_of_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
