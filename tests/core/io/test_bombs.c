/* Images whose header asks for more memory than there is, or that inflate to it: refused with what they ask for, before
 * it is taken. */
#include "core/io/image_file.h"
#include "core/io/png_alpha.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include <zlib.h>

enum { MOST_KIB = 64 << 10, FILE_SIZE = 100000 };

static long peak_kib(void) {
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

/* Reads the file; its memory stays small. */
static status read_cheaply(const char *path, grey_image *out) {
    long before = peak_kib();
    status code = image_read(&(image_source){.path = path}, out);
    if (peak_kib() - before > MOST_KIB)
        fail_msg("%s took %ld KiB", path, peak_kib() - before);
    return code;
}

static void expect_refused(const char *name, const uint8_t *data, size_t size, const char *why) {
    grey_image image;
    const char *path = scratch_file(name, data, size);
    assert_fails(read_cheaply(path, &image), STATUS_INPUT, path, why);
    assert_null(image.pixels);
}

static size_t put_chunk(uint8_t *at, const char *type, const uint8_t *data, size_t size) {
    uint32_t sum;
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(size >> (24 - 8 * i));
    memcpy(at + 4, type, 4);
    if (size > 0)
        memcpy(at + 8, data, size);
    sum = (uint32_t)crc32_z(0, at + 4, size + 4);
    for (int i = 0; i < 4; i++)
        at[8 + size + (size_t)i] = (uint8_t)(sum >> (24 - 8 * i));
    return size + 12;
}

static size_t put_png_head(uint8_t *at, int width, int height) {
    uint8_t head[13] = {0, 0, (uint8_t)(width >> 8), (uint8_t)width, 0, 0, (uint8_t)(height >> 8), (uint8_t)height, 8};
    memcpy(at, "\x89PNG\r\n\x1a\n", 8);
    return 8 + put_chunk(at + 8, "IHDR", head, sizeof head);
}

static uint8_t *deflated(const uint8_t *data, size_t size, size_t *out_size) {
    uLongf room = compressBound(size);
    uint8_t *out = malloc(room);
    assert_non_null(out);
    assert_int_equal(compress2(out, &room, data, size, 9), Z_OK);
    *out_size = room;
    return out;
}

/* 100 kB that say 60000 x 60000 pixels. */
static void test_png_of_a_giant(void **state) {
    (void)state;
    size_t size;
    uint8_t *zeros = calloc(FILE_SIZE, 1000), *file = calloc(2 * FILE_SIZE, 1);
    assert_true(zeros && file);
    uint8_t *data = deflated(zeros, (size_t)FILE_SIZE * 1000, &size);
    size_t used = put_png_head(file, 60000, 60000);
    used += put_chunk(file + used, "IDAT", data, size);
    used += put_chunk(file + used, "IEND", NULL, 0);
    expect_refused("giant.png", file, used, "60000 x 60000 pixels: expected sides of 1 to 32768");
    free(zeros);
    free(file);
    free(data);
}

/* One pixel, and two hundred texts of 7 MiB each. */
static void test_png_of_texts(void **state) {
    (void)state;
    enum { TEXTS = 200, LENGTH = 7 << 20 }; /* libpng by itself takes texts of 8000000 bytes */
    size_t size;
    uint8_t *blanks = malloc(LENGTH);
    assert_non_null(blanks);
    memset(blanks, ' ', LENGTH);
    uint8_t *data = deflated(blanks, LENGTH, &size), *text = malloc(size + 3), *file = malloc(TEXTS * (size + 64));
    assert_true(text && file);
    memcpy(text, "k\0", 3); /* keyword, its end, deflate */
    memcpy(text + 3, data, size);
    size_t used = put_png_head(file, 1, 1);
    for (int i = 0; i < TEXTS; i++)
        used += put_chunk(file + used, "zTXt", text, size + 3);
    free(data);
    data = deflated((const uint8_t *)"\0\x80", 2, &size);
    used += put_chunk(file + used, "IDAT", data, size);
    used += put_chunk(file + used, "IEND", NULL, 0);
    grey_image image;
    const char *path = scratch_file("texts.png", file, used);
    assert_ok(read_cheaply(path, &image));
    assert_int_equal(image.pixels[0], 128);
    grey_image_free(&image);
    long before = peak_kib();
    assert_false(png_alpha_varies(path));
    assert_true(peak_kib() - before < MOST_KIB);
    free(blanks);
    free(data);
    free(text);
    free(file);
}

/* Progressive, of which libjpeg keeps all coefficients: 32000 x 8000 pixels of three colours in 100 bytes, and sides
 * beyond the largest. */
static void test_jpeg_headers(void **state) {
    (void)state;
    uint8_t file[100] = {0xff, 0xd8, 0xff, 0xc2, 0, 17,   8, 8000 >> 8, 8000 & 255, 32000 >> 8, 32000 & 255, 3, 1, 0x11,
                         0,    2,    0x11, 0,    3, 0x11, 0, /* start of a scan: */
                         0xff, 0xda, 0,    12,   3, 1,    0, 2,         0,          3,          0,           0, 0, 0};
    expect_refused("small.jpg", file, sizeof file, "100 bytes for 32000 x 8000 pixels");
    file[7] = file[9] = 0xea;
    file[8] = file[10] = 0x60;
    expect_refused("giant.jpg", file, sizeof file, "60000 x 60000 pixels");
}

static void test_plain_headers(void **state) {
    (void)state;
    uint8_t bmp[64] = "BM";
    const uint8_t header[] = {54, 0, 0, 0, 40, 0, 0, 0, 0x60, 0xea, 0, 0, 0x60, 0xea, 0, 0, 1, 0, 24};
    memcpy(bmp + 10, header, sizeof header);
    expect_refused("giant.bmp", bmp, sizeof bmp, "60000 x 60000 pixels");
    bmp[19] = bmp[23] = 0x40; /* 16480 x 16480 */
    expect_refused("pixels.bmp", bmp, sizeof bmp, "at most 268435456 pixels");
    expect_refused("giant.pgm", (const uint8_t *)"P5 60000 60000 255\n0", 20, "a number above 32768");
    expect_refused("pixels.pgm", (const uint8_t *)"P2 30000 30000 255\n0", 20, "30000 x 30000 pixels");
    expect_refused("text.pgm", (const uint8_t *)"P2 16000 16000 255\n0", 20, "truncated");
}

/* Small images with 3 GiB behind them that take no room on the disk. */
static void test_files_that_go_on(void **state) {
    (void)state;
    static const char pgm[] = "P5 32 32 255\n", text[] = "P2 2 2 9\n7 7 7 7\n";
    uint8_t binary[sizeof pgm + 32 * 32], bmp[54 + 4 * 4] = "BM";
    const uint8_t header[] = {54, 0, 0, 0, 40, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 1, 0, 32};
    memset(binary, 7, sizeof binary);
    memcpy(binary, pgm, sizeof pgm - 1);
    memcpy(bmp + 10, header, sizeof header);
    const struct {
        const char *name;
        const void *data;
        size_t size;
    } files[] = {
        {"long.pgm", binary, sizeof binary}, {"long_text.pgm", text, sizeof text}, {"long.bmp", bmp, sizeof bmp}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        grey_image image;
        const char *path = scratch_file(files[i].name, files[i].data, files[i].size);
        assert_int_equal(truncate(path, (off_t)3 << 30), 0);
        assert_ok(read_cheaply(path, &image));
        grey_image_free(&image);
        unlink(path);
    }
}

/* Little-endian: sides, bits, no compression, black is zero, one channel, one tile of those sides. */
static void test_tiff_headers(void **state) {
    (void)state;
    enum { TAGS = 10, FIRST = 10, ENTRY = 12, VALUE = 8 };
    const uint16_t tags[TAGS][2] = {{256, 60000}, {257, 60000}, {258, 8},     {259, 1}, {262, 1},
                                    {277, 1},     {322, 60000}, {323, 60000}, {324, 8}, {325, 16}};
    uint8_t file[FIRST + TAGS * ENTRY + 4] = {'I', 'I', '*', 0, 8, 0, 0, 0, TAGS};
    for (int i = 0; i < TAGS; i++) {
        uint8_t *entry = file + FIRST + ENTRY * i;
        entry[0] = (uint8_t)tags[i][0];
        entry[1] = (uint8_t)(tags[i][0] >> 8);
        entry[2] = 3;
        entry[4] = 1;
        entry[VALUE] = (uint8_t)tags[i][1];
        entry[VALUE + 1] = (uint8_t)(tags[i][1] >> 8);
    }
    expect_refused("giant.tif", file, sizeof file, "60000 x 60000 pixels");
    for (int i = 0; i < 2; i++) { /* 4 x 4 pixels in a tile of 3.6 GB */
        file[FIRST + ENTRY * i + VALUE] = 4;
        file[FIRST + ENTRY * i + VALUE + 1] = 0;
    }
    expect_refused("tile.tif", file, sizeof file, "more than 256 MiB");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jpeg_headers), cmocka_unit_test(test_plain_headers),
        cmocka_unit_test(test_tiff_headers), cmocka_unit_test(test_png_of_a_giant),
        cmocka_unit_test(test_png_of_texts), cmocka_unit_test(test_files_that_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
