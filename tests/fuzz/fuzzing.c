#include "tests/fuzz/fuzzing.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* The length of the text that begins at `at`; 0 if it is short, or one of HDF5's marks. */
static size_t text_at(const uint8_t *data, size_t size, size_t at) {
    enum { SHORT = 3 };
    static const char *const marks[] = {"TREE", "HEAP", "SNOD", "GCOL", "HDF"};
    size_t length = 0;
    while (at + length < size && isprint(data[at + length]))
        length++;
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (length >= SHORT && !memcmp(data + at, marks[i], strlen(marks[i]) < length ? strlen(marks[i]) : length))
            return 0;
    return length >= SHORT ? length : 0;
}

size_t fuzz_mutate_hdf5(uint8_t *data, size_t size, size_t room, unsigned seed) {
    if (getenv("FUZZ_RAW"))
        return LLVMFuzzerMutate(data, size, room);
    /* The first text behind a place that the seed chooses. */
    size_t at = size ? seed % size : 0, length = 0;
    while (at < size && (length = text_at(data, size, at)) == 0)
        at++;
    if (length) {
        size_t left = LLVMFuzzerMutate(data + at, length, length);
        memset(data + at + left, 0, length - left);
    }
    return size;
}
