#include "tests/fuzz/fuzzing.h"

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
