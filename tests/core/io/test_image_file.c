/* Every format read, told by its bytes; damage and hostile headers refused. Files are made here, TIFF and
 * JPEG by the libraries that read them. */
#include "core/io/file_io.h"
#include "core/io/grey_range.h"
#include "core/io/image_file.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <math.h>
#include <stdlib.h>

#include <jpeglib.h>
#include <tiffio.h>

enum { WIDTH = 5, HEIGHT = 3, PIXELS = WIDTH * HEIGHT };

static grey_image read_file(const char *path) {
    grey_image image;
    assert_ok(image_read(&(image_source){.path = path}, &image));
    return image;
}

static void expect_pixels(const char *path, int maximum, const uint16_t *expected) {
    grey_image image = read_file(path);
    assert_int_equal(image.width, WIDTH);
    assert_int_equal(image.height, HEIGHT);
    assert_int_equal(image.maximum, maximum);
    for (int i = 0; i < PIXELS; i++)
        if (image.pixels[i] != expected[i])
            fail_msg("%s: pixel %d is %d, expected %d", path, i, image.pixels[i], expected[i]);
    grey_image_free(&image);
}

/* 0, 7, 14, ... and the same from below, as BMP stores it. */
static void fill_ramp(uint16_t *out, int step) {
    for (int i = 0; i < PIXELS; i++)
        out[i] = (uint16_t)(i * step);
}

/* --- BMP --- */

static void put_32(uint8_t *at, uint32_t value) {
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> 8 * i);
}

/* Returns the size; `palette` holds that many grey entries. */
static size_t make_bmp(uint8_t *out, int bits, int height, int palette, const uint8_t *rows, size_t row_bytes) {
    size_t start = 54 + (size_t)palette * 4, size = start + row_bytes * HEIGHT;
    memset(out, 0, size);
    memcpy(out, "BM", 2);
    put_32(out + 10, (uint32_t)start);
    put_32(out + 14, 40);
    put_32(out + 18, WIDTH);
    put_32(out + 22, (uint32_t)height);
    out[26] = 1;
    out[28] = (uint8_t)bits;
    put_32(out + 46, (uint32_t)palette);
    for (int i = 0; i < palette; i++)
        memset(out + 54 + 4 * i, i * 255 / (palette - 1), 3);
    memcpy(out + start, rows, row_bytes * HEIGHT);
    return size;
}

static void test_bmp(void **state) {
    (void)state;
    static uint8_t file[4096];
    uint8_t rows[3 * 16] = {0};
    uint16_t expected[PIXELS];
    fill_ramp(expected, 7);
    for (int i = 0; i < PIXELS; i++) /* rows of 8 bytes, the last row of the image first */
        rows[(HEIGHT - 1 - i / WIDTH) * 8 + i % WIDTH] = (uint8_t)expected[i];
    size_t size = make_bmp(file, 8, HEIGHT, 256, rows, 8);
    const char *path = scratch_file("a.bmp", file, size);
    expect_pixels(path, 255, expected);
    /* The same bytes from above are upside down. */
    uint16_t turned[PIXELS];
    for (int i = 0; i < PIXELS; i++)
        turned[i] = expected[(HEIGHT - 1 - i / WIDTH) * WIDTH + i % WIDTH];
    size = make_bmp(file, 8, -HEIGHT, 256, rows, 8);
    expect_pixels(scratch_file("down.bmp", file, size), 255, turned);
    /* 24 bits: blue, green, red; luma 0.114, 0.587, 0.299. */
    memset(rows, 0, sizeof rows);
    for (int x = 0; x < 3; x++)
        rows[2 * 16 + 3 * x + x] = 255; /* the first row: blue, green, red */
    size = make_bmp(file, 24, HEIGHT, 0, rows, 16);
    grey_image image = read_file(scratch_file("colour.bmp", file, size));
    assert_int_equal(image.pixels[0], 29);
    assert_int_equal(image.pixels[1], 150);
    assert_int_equal(image.pixels[2], 76);
    grey_image_free(&image);
    /* One bit. */
    uint8_t bit_rows[12] = {0};
    bit_rows[8] = 0xa8; /* 10101 */
    size = make_bmp(file, 1, HEIGHT, 2, bit_rows, 4);
    image = read_file(scratch_file("bits.bmp", file, size));
    assert_int_equal(image.pixels[0], 255);
    assert_int_equal(image.pixels[1], 0);
    assert_int_equal(image.pixels[4], 255);
    grey_image_free(&image);
    file[30] = 1; /* run lengths */
    assert_fails(image_read(&(image_source){.path = scratch_file("rle.bmp", file, size)}, &image), STATUS_INPUT,
                 "rle.bmp", "not compressed");
}

/* --- PGM --- */

static void test_pgm(void **state) {
    (void)state;
    uint16_t expected[PIXELS];
    fill_ramp(expected, 7);
    char text[256] = "P2\n# a comment\n5 3\n255\n";
    for (int i = 0; i < PIXELS; i++)
        sprintf(text + strlen(text), "%d ", expected[i]);
    expect_pixels(scratch_file("text.pgm", text, strlen(text)), 255, expected);
    uint8_t binary[64] = "P5 5 3 255\n";
    for (int i = 0; i < PIXELS; i++)
        binary[11 + i] = (uint8_t)expected[i];
    expect_pixels(scratch_file("binary.pgm", binary, 11 + PIXELS), 255, expected);
    /* 14 bits: the header says so, and full scale is theirs. */
    uint8_t deep[64] = "P5 5 3 16383\n";
    deep[13] = 0x3f;
    deep[14] = 0xff;
    grey_image image = read_file(scratch_file("deep.pgm", deep, 13 + 2 * PIXELS));
    assert_int_equal(image.maximum, 65535);
    assert_int_equal(image.pixels[0], 65535);
    assert_true(image.value_high == 16383);
    grey_image_free(&image);
    deep[13] = 0xff;
    assert_fails(image_read(&(image_source){.path = scratch_file("above.pgm", deep, 13 + 2 * PIXELS)}, &image),
                 STATUS_INPUT, "above.pgm", "above its full scale");
}

/* What a program writes that pipes frames. Other bytes behind an image, and comments in one, are nobody's concern. */
static void test_pgm_and_what_follows(void **state) {
    (void)state;
    static const char *const several[] = {"P5 2 1 255\nabP5 2 1 255\ncd", "P5 2 1 999\n\1b\1dP6\n2 1 255\ncdefgh",
                                          "P2 2 1 255 7 8\nP2 2 1 255 7 8", "P5 2 1 255\nab\n#\nP3 1 1 9 1 1 1"};
    static const char *const one[] = {"P5 2 1 255\nab\n", "P5 2 1 255\nabP5", "P5 2 1 255\nabP5 x",
                                      "P5 2 1 255\nabP4 2 1", "P2 #\n#\n2 # P5 1\n1\n255 7 8 and more"};
    grey_image image;
    for (size_t i = 0; i < sizeof several / sizeof *several; i++) {
        const char *path = scratch_file("frames.pgm", several[i], strlen(several[i]));
        assert_fails(image_read(&(image_source){.path = path}, &image), STATUS_INPUT, path, "more than one image");
        assert_null(image.pixels);
    }
    for (size_t i = 0; i < sizeof one / sizeof *one; i++) {
        image = read_file(scratch_file("frame.pgm", one[i], strlen(one[i])));
        assert_int_equal(image.width, 2);
        grey_image_free(&image);
    }
}

/* --- raw frames --- */

static void test_raw(void **state) {
    (void)state;
    uint8_t bytes[2 * 2 * PIXELS] = {0};
    bytes[0] = 0x34;
    bytes[1] = 0x12;
    bytes[2 * PIXELS] = 7;
    image_source source = {.path = scratch_file("frames.y16", bytes, sizeof bytes)};
    grey_image image;
    assert_fails(image_read(&source, &image), STATUS_INPUT, "frames.y16", "its size");
    source.raw_width = WIDTH;
    source.raw_height = HEIGHT;
    int pages;
    assert_ok(image_count_pages(&source, &pages));
    assert_int_equal(pages, 2);
    assert_fails(image_read(&source, &image), STATUS_INPUT, "frames.y16", "holds 2 images");
    source.page = 1;
    assert_ok(image_read(&source, &image));
    assert_int_equal(image.pixels[0], 0x1234);
    grey_image_free(&image);
    source.page = 2;
    assert_ok(image_read(&source, &image));
    assert_int_equal(image.pixels[0], 7);
    grey_image_free(&image);
    source.page = 3;
    assert_fails(image_read(&source, &image), STATUS_INPUT, "frames.y16", "number 3");
    source.raw_width = 4;
    assert_fails(image_read(&source, &image), STATUS_INPUT, "frames.y16", "4x3");
    memcpy(bytes, "BM", 2); /* values that look like another format */
    source = (image_source){
        .path = scratch_file("frames.y16", bytes, sizeof bytes / 2), .raw_width = WIDTH, .raw_height = HEIGHT};
    assert_ok(image_read(&source, &image));
    assert_int_equal(image.pixels[0], 'B' | 'M' << 8);
    grey_image_free(&image);
}

/* --- TIFF --- */

typedef struct tiff_sample {
    uint16_t bits, kind, photometric, samples, compression;
    bool tiled;
} tiff_sample;

static void write_page(TIFF *file, const tiff_sample *s, const void *rows, size_t row_bytes) {
    TIFFSetField(file, TIFFTAG_IMAGEWIDTH, WIDTH);
    TIFFSetField(file, TIFFTAG_IMAGELENGTH, HEIGHT);
    TIFFSetField(file, TIFFTAG_BITSPERSAMPLE, s->bits);
    TIFFSetField(file, TIFFTAG_SAMPLEFORMAT, s->kind);
    TIFFSetField(file, TIFFTAG_SAMPLESPERPIXEL, s->samples);
    TIFFSetField(file, TIFFTAG_PHOTOMETRIC, s->photometric);
    TIFFSetField(file, TIFFTAG_COMPRESSION, s->compression);
    TIFFSetField(file, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
    if (s->tiled) {
        static uint8_t tile[16 * 16 * 4];
        TIFFSetField(file, TIFFTAG_TILEWIDTH, 16);
        TIFFSetField(file, TIFFTAG_TILELENGTH, 16);
        for (int y = 0; y < HEIGHT; y++)
            memcpy(tile + (size_t)y * 16 * s->bits / 8, (const uint8_t *)rows + (size_t)y * row_bytes, row_bytes);
        assert_true(TIFFWriteTile(file, tile, 0, 0, 0, 0) > 0);
    } else {
        uint8_t row[64]; /* libtiff swaps bytes in place */
        for (uint32_t y = 0; y < HEIGHT; y++) {
            memcpy(row, (const uint8_t *)rows + y * row_bytes, row_bytes);
            assert_int_equal(TIFFWriteScanline(file, row, y, 0), 1);
        }
    }
    assert_int_equal(TIFFWriteDirectory(file), 1);
}

static const char *tiff_file(const char *name, const char *mode, const tiff_sample *s, const void *rows,
                             size_t row_bytes, int pages) {
    const char *path = scratch_path(name);
    TIFF *file = TIFFOpen(path, mode);
    assert_non_null(file);
    for (int i = 0; i < pages; i++)
        write_page(file, s, rows, row_bytes);
    TIFFClose(file);
    return path;
}

static void test_tiff_whole_numbers(void **state) {
    (void)state;
    static const uint16_t compressions[] = {COMPRESSION_NONE, COMPRESSION_LZW, COMPRESSION_ADOBE_DEFLATE,
                                            COMPRESSION_PACKBITS};
    uint16_t deep[PIXELS], expected[PIXELS];
    uint8_t bytes[PIXELS];
    fill_ramp(deep, 4000);
    fill_ramp(expected, 7);
    for (int i = 0; i < PIXELS; i++)
        bytes[i] = (uint8_t)expected[i];
    for (int i = 0; i < 4; i++)
        for (int tiled = 0; tiled < 2; tiled++) {
            tiff_sample s = {8, SAMPLEFORMAT_UINT, PHOTOMETRIC_MINISBLACK, 1, compressions[i], tiled};
            expect_pixels(tiff_file("grey.tif", "w", &s, bytes, WIDTH, 1), 255, expected);
            s.bits = 16;
            expect_pixels(tiff_file("deep.tif", "w", &s, deep, 2 * WIDTH, 1), 65535, deep);
            expect_pixels(tiff_file("big_endian.tif", "wb", &s, deep, 2 * WIDTH, 1), 65535, deep);
            expect_pixels(tiff_file("big_tiff.tif", "w8", &s, deep, 2 * WIDTH, 1), 65535, deep);
        }
    for (int i = 0; i < PIXELS; i++)
        expected[i] = (uint16_t)(255 - expected[i]);
    tiff_sample white = {8, SAMPLEFORMAT_UINT, PHOTOMETRIC_MINISWHITE, 1, COMPRESSION_NONE, false};
    expect_pixels(tiff_file("white.tif", "w", &white, bytes, WIDTH, 1), 255, expected);
    uint8_t colour[3 * PIXELS] = {255, 0, 0, 0, 255, 0, 0, 0, 255};
    tiff_sample rgb = {8, SAMPLEFORMAT_UINT, PHOTOMETRIC_RGB, 3, COMPRESSION_LZW, false};
    grey_image image = read_file(tiff_file("rgb.tif", "w", &rgb, colour, 3 * WIDTH, 1));
    assert_int_equal(image.pixels[0], 76);
    assert_int_equal(image.pixels[1], 150);
    assert_int_equal(image.pixels[2], 29);
    grey_image_free(&image);
}

static void test_tiff_floating_point(void **state) {
    (void)state;
    float values[PIXELS] = {0};
    tiff_sample s = {32, SAMPLEFORMAT_IEEEFP, PHOTOMETRIC_MINISBLACK, 1, COMPRESSION_NONE, false};
    values[0] = 0.5f; /* 0 to 1 */
    grey_image image = read_file(tiff_file("unit.tif", "w", &s, values, 4 * WIDTH, 1));
    assert_int_equal(image.maximum, 65535);
    assert_int_equal(image.pixels[0], 32768);
    assert_true(image.value_high == 1 && !image.own_scale);
    grey_image_free(&image);
    values[0] = 51; /* 0 to 255 */
    image = read_file(tiff_file("bytes.tif", "w", &s, values, 4 * WIDTH, 1));
    assert_int_equal(image.pixels[0], 51 * 257);
    grey_image_free(&image);
    for (int i = 0; i < PIXELS; i++)
        values[i] = (float)(i - 7); /* degrees */
    image = read_file(tiff_file("degrees.tif", "w", &s, values, 4 * WIDTH, 1));
    assert_true(image.own_scale && image.value_low == -7 && image.value_high == 7);
    assert_int_equal(image.pixels[0], 0);
    assert_int_equal(image.pixels[PIXELS - 1], 65535);
    grey_span span = {0};
    char text[512];
    grey_span_add(&span, &image);
    assert_true(grey_span_remark(&span, "--range ", text, sizeof text));
    assert_non_null(strstr(text, "--range LO,HI"));
    /* A range in the file's own values: 0 degrees is the middle of -7..7. */
    grey_range range;
    assert_ok(grey_range_read("-7,21", "--range", &range));
    assert_ok(grey_range_apply(&range, &image));
    assert_int_equal(image.pixels[7], 16384);
    grey_image_free(&image);
    values[3] = NAN;
    assert_fails(image_read(&(image_source){.path = tiff_file("nan.tif", "w", &s, values, 4 * WIDTH, 1)}, &image),
                 STATUS_INPUT, "nan.tif", "not finite");
}

static void test_tiff_pages_and_refusals(void **state) {
    (void)state;
    uint8_t bytes[PIXELS] = {1, 2, 3};
    tiff_sample s = {8, SAMPLEFORMAT_UINT, PHOTOMETRIC_MINISBLACK, 1, COMPRESSION_NONE, false};
    image_source source = {.path = tiff_file("pages.tif", "w", &s, bytes, WIDTH, 3)};
    grey_image image;
    int pages;
    assert_ok(image_count_pages(&source, &pages));
    assert_int_equal(pages, 3);
    assert_fails(image_read(&source, &image), STATUS_INPUT, "pages.tif", "holds 3 images");
    source.page = 3;
    assert_ok(image_read(&source, &image));
    grey_image_free(&image);
    s.kind = SAMPLEFORMAT_INT;
    source = (image_source){.path = tiff_file("signed.tif", "w", &s, bytes, WIDTH, 1)};
    assert_fails(image_read(&source, &image), STATUS_INPUT, "signed.tif", "without sign");
    s = (tiff_sample){8, SAMPLEFORMAT_UINT, PHOTOMETRIC_MINISBLACK, 1, COMPRESSION_JPEG, false};
    source = (image_source){.path = tiff_file("inside.tif", "w", &s, bytes, WIDTH, 1)};
    assert_fails(image_read(&source, &image), STATUS_INPUT, "inside.tif", "compression 7");
}

/* --- JPEG --- */

static size_t make_jpeg(uint8_t *out, size_t room) {
    struct jpeg_compress_struct codec;
    struct jpeg_error_mgr errors;
    uint8_t row[64 * 3], *start = out;
    unsigned long size = room;
    codec.err = jpeg_std_error(&errors);
    jpeg_create_compress(&codec);
    jpeg_mem_dest(&codec, &start, &size);
    codec.image_width = codec.image_height = 64;
    codec.input_components = 3;
    codec.in_color_space = JCS_RGB;
    jpeg_set_defaults(&codec);
    jpeg_set_quality(&codec, 100, TRUE);
    jpeg_start_compress(&codec, TRUE);
    for (int y = 0; y < 64; y++) {
        JSAMPROW rows[1] = {row};
        for (int i = 0; i < 64 * 3; i++)
            row[i] = (uint8_t)(i / 3 * 2 + y);
        jpeg_write_scanlines(&codec, rows, 1);
    }
    jpeg_finish_compress(&codec);
    jpeg_destroy_compress(&codec);
    return size;
}

static void test_jpeg(void **state) {
    (void)state;
    static uint8_t file[65536];
    size_t size = make_jpeg(file, sizeof file);
    grey_image image = read_file(scratch_file("picture.png", file, size)); /* whatever it is called */
    assert_int_equal(image.width, 64);
    for (int i = 0; i < 64 * 64; i++)
        if (abs(image.pixels[i] - (i % 64 * 2 + i / 64)) > 2)
            fail_msg("pixel %d is %d", i, image.pixels[i]);
    grey_image_free(&image);
    assert_fails(image_read(&(image_source){.path = scratch_file("cut.jpg", file, size / 2)}, &image), STATUS_INPUT,
                 "cut.jpg", "JPEG");
}

/* --- all of them --- */

static void test_recognition(void **state) {
    (void)state;
    grey_image image;
    assert_true(image_name_is_known("a.PNG", false) && image_name_is_known("x.y.Tiff", false));
    assert_false(image_name_is_known("a.raw", false) || image_name_is_known("a.mp4", false) ||
                 image_name_is_known(".png", false));
    assert_true(image_name_is_known("a.raw", true));
    assert_int_equal(image_stem_length("a.b.000001.png"), 10);
    assert_int_equal(image_stem_length("a.b.000001"), 10);
    assert_fails(image_read(&(image_source){.path = scratch_file("empty.png", "", 0)}, &image), STATUS_INPUT,
                 "empty.png", "empty");
    assert_fails(image_read(&(image_source){.path = scratch_file("video.png",
                                                                 "\0\0\0\x18"
                                                                 "ftyp",
                                                                 8)},
                            &image),
                 STATUS_INPUT, "video.png", "not an image");
    assert_fails(image_read(&(image_source){.path = "/nowhere/a.png"}, &image), STATUS_INPUT, "/nowhere/a.png", "open");
}

/* A byte changed anywhere, or the end cut off, gives an image or a message, and nothing worse. */
static void expect_harmless(const char *name, const uint8_t *file, size_t size) {
    static uint8_t damaged[65536];
    for (size_t i = 0; i < size; i += 1 + size / 400) {
        grey_image image;
        memcpy(damaged, file, size);
        damaged[i] ^= 0xff;
        if (image_read(&(image_source){.path = scratch_file(name, damaged, size)}, &image) == STATUS_OK)
            grey_image_free(&image);
        if (image_read(&(image_source){.path = scratch_file(name, file, i)}, &image) == STATUS_OK)
            grey_image_free(&image);
    }
}

static void test_damage(void **state) {
    (void)state;
    static uint8_t file[65536];
    uint8_t rows[3 * 8] = {9};
    expect_harmless("x.bmp", file, make_bmp(file, 8, HEIGHT, 256, rows, 8));
    expect_harmless("x.jpg", file, make_jpeg(file, sizeof file));
    static const uint16_t compressions[] = {COMPRESSION_NONE, COMPRESSION_LZW, COMPRESSION_ADOBE_DEFLATE};
    for (int i = 0; i < 3; i++) {
        tiff_sample s = {8, SAMPLEFORMAT_UINT, PHOTOMETRIC_MINISBLACK, 1, compressions[i], i == 2};
        uint8_t *bytes;
        size_t size;
        assert_ok(file_read(tiff_file("whole.tif", "w", &s, rows, WIDTH, 1), sizeof file, &bytes, &size));
        expect_harmless("x.tif", bytes, size);
        free(bytes);
    }
    const char pgm[] = "P5 5 3 255\n0123456789abcde";
    expect_harmless("x.pgm", (const uint8_t *)pgm, sizeof pgm - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bmp),
        cmocka_unit_test(test_pgm),
        cmocka_unit_test(test_pgm_and_what_follows),
        cmocka_unit_test(test_raw),
        cmocka_unit_test(test_tiff_whole_numbers),
        cmocka_unit_test(test_tiff_floating_point),
        cmocka_unit_test(test_tiff_pages_and_refusals),
        cmocka_unit_test(test_jpeg),
        cmocka_unit_test(test_recognition),
        cmocka_unit_test(test_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
