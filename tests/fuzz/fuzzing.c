#include "tests/fuzz/fuzzing.h"

#include "core/io/file_io.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

void fuzz_expect(int good, const char *what) {
    if (good)
        return;
    fprintf(stderr, "finding: %s; the last message: %s\n", what, status_message());
    abort();
}

void fuzz_write(const char *name, const uint8_t *data, size_t size) {
    FILE *stream = fopen(name, "wb");
    int written = stream && fwrite(data, 1, size, stream) == size;
    fuzz_expect(stream && fclose(stream) == 0 && written, "the input cannot be written");
}

void fuzz_expect_refusal(status code) {
    fuzz_expect(code == STATUS_INPUT || code == STATUS_USAGE, "refused with another status");
    fuzz_expect(status_message()[0] != '\0', "refused without a message");
}

void fuzz_expect_outcome(status code) {
    if (code != STATUS_OK)
        fuzz_expect_refusal(code);
}

engine *fuzz_engine(void) {
    static engine *e;
    if (!e)
        fuzz_expect(engine_new(1, &e) == STATUS_OK, "no engine");
    return e;
}

static void look_at(const grey_image *image) {
    fuzz_expect(image->maximum == 255 || image->maximum == 65535, "another full scale");
    for (size_t i = 0; i < (size_t)image->width * (size_t)image->height; i++)
        fuzz_expect(image->pixels[i] <= image->maximum, "a pixel above full scale");
}

void fuzz_read_image(const image_source *source) {
    enum { MOST = 8 };
    int pages = 1;
    grey_image image;
    if (image_count_pages(source, &pages) != STATUS_OK)
        pages = 0; /* reading has to refuse it too */
    for (int page = 0; page <= pages && page <= MOST; page++) {
        image_source one = *source;
        one.page = page;
        status code = image_read(&one, &image);
        fuzz_expect_outcome(code);
        if (code == STATUS_OK)
            look_at(&image);
        fuzz_expect(code == STATUS_OK || !image.pixels, "pixels of an image that was refused");
        grey_image_free(&image);
    }
}

void fuzz_make_set(const char *name, int width, int height) {
    char path[64];
    uint8_t file[4096];
    int head = snprintf((char *)file, sizeof file, "P5 %d %d 255\n", width, height), pixels = width * height;
    snprintf(path, sizeof path, "%s/images", name);
    if (path_is_folder(path))
        return;
    fuzz_expect(head + pixels <= (int)sizeof file && folder_create(path) == STATUS_OK, "no folder");
    for (int i = 0; i < pixels; i++)
        file[head + i] = (uint8_t)(37 * i);
    snprintf(path, sizeof path, "%s/images/a.pgm", name);
    fuzz_write(path, file, (size_t)(head + pixels));
    for (int i = 0; i < pixels; i++)
        file[head + i] = i == pixels / 2 ? 255 : 0; /* the target */
    snprintf(path, sizeof path, "%s/masks", name);
    fuzz_expect(folder_create(path) == STATUS_OK, "no folder");
    snprintf(path, sizeof path, "%s/masks/a.pgm", name);
    fuzz_write(path, file, (size_t)(head + pixels));
    snprintf(path, sizeof path, "%s/test.txt", name);
    fuzz_write(path, (const uint8_t *)"a\n", 2);
}

/* --- PNG --- */

static uint32_t big_endian(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void mend_checksums(uint8_t *data, size_t size) {
    enum { SIGNATURE = 8, AROUND = 12 /* length, type, checksum */ };
    for (size_t at = SIGNATURE; at + AROUND <= size;) {
        size_t length = big_endian(data + at);
        if (length > size - at - AROUND)
            return;
        unsigned long sum = crc32_z(0, data + at + 4, length + 4);
        for (size_t i = 0; i < 4; i++)
            data[at + 8 + length + i] = (uint8_t)(sum >> (24 - 8 * i));
        at += length + AROUND;
    }
}

size_t fuzz_mutate_png(uint8_t *data, size_t size, size_t room, unsigned seed) {
    enum { LEFT_WRONG = 16 }; /* one of so many */
    size = LLVMFuzzerMutate(data, size, room);
    if (seed % LEFT_WRONG)
        mend_checksums(data, size);
    return size;
}

/* --- HDF5 --- */

/* A piece of the file; of length 0: none. */
typedef struct piece {
    size_t at, length;
} piece;

/* The text that begins at `at`, unless it is short, or one of HDF5's marks. */
static piece text_at(const uint8_t *data, size_t size, size_t at) {
    enum { SHORT = 3 };
    static const char *const marks[] = {"TREE", "HEAP", "SNOD", "GCOL", "HDF"};
    size_t length = 0;
    while (at + length < size && isprint(data[at + length]))
        length++;
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (length >= SHORT && !memcmp(data + at, marks[i], strlen(marks[i]) < length ? strlen(marks[i]) : length))
            return (piece){0, 0};
    return (piece){at, length >= SHORT ? length : 0};
}

static uint64_t little_endian(const uint8_t *at) {
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value |= (uint64_t)at[i] << 8 * i;
    return value;
}

/* The numbers of the dataset, of many the first ones, if the message that begins at `at` says where they lie: type 8,
 * 24 bytes, version 3, contiguous, address, size. */
static piece values_at(const uint8_t *data, size_t size, size_t at) {
    enum { MESSAGE = 26, MOST = 64 };
    static const uint8_t kind[] = {8, 0, 24, 0}, version[] = {3, 1};
    if (size - at < MESSAGE || memcmp(data + at, kind, 4) != 0 || memcmp(data + at + 8, version, 2) != 0)
        return (piece){0, 0};
    uint64_t address = little_endian(data + at + 10), bytes = little_endian(data + at + 18);
    if (address > size || bytes > size - address)
        return (piece){0, 0};
    return (piece){(size_t)address, bytes < MOST ? (size_t)bytes : MOST};
}

size_t fuzz_mutate_hdf5(uint8_t *data, size_t size, size_t room, unsigned seed) {
    if (getenv("FUZZ_RAW"))
        return LLVMFuzzerMutate(data, size, room);
    /* The first one behind a place that the seed chooses. */
    piece (*const find)(const uint8_t *, size_t, size_t) = seed % 2 ? text_at : values_at;
    piece chosen = {0, 0};
    for (size_t at = size ? seed / 2 % size : 0; at < size && chosen.length == 0; at++)
        chosen = find(data, size, at);
    if (chosen.length) {
        size_t left = LLVMFuzzerMutate(data + chosen.at, chosen.length, chosen.length);
        memset(data + chosen.at + left, 0, chosen.length - left);
    }
    return size;
}
