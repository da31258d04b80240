/* A stream of y4m on standard input, and the same bytes as raw frames. */
#include "eval/video/frame_source.h"
#include "tests/fuzz/fuzzing.h"

#include <stdio.h>

/* All frames, or the first ones of very many. */
static void read_frames(frame_source *s) {
    enum { MOST = 100 };
    status code = STATUS_OK;
    bool more = true;
    for (int i = 0; i < MOST && more && code == STATUS_OK; i++) {
        video_frame frame;
        code = frame_source_next(s, &frame, &more);
        if (code != STATUS_OK || !more)
            break;
        fuzz_expect(frame.number == i && frame.time >= 0, "a frame's number or time");
        size_t pixels = (size_t)frame.image.width * (size_t)frame.image.height;
        for (size_t k = 0; k < pixels; k++)
            fuzz_expect(frame.image.pixels[k] <= frame.image.maximum, "a pixel above full scale");
        grey_image_free(&frame.image);
    }
    fuzz_expect_outcome(code);
}

static void read_stream(const frame_source_options *options) {
    frame_source *s;
    fuzz_expect(freopen("input.y4m", "rb", stdin) != NULL, "the input cannot be read");
    status code = frame_source_open("-", options, &s);
    fuzz_expect_outcome(code);
    if (code == STATUS_OK)
        read_frames(s);
    frame_source_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_write("input.y4m", data, size);
    read_stream(&(frame_source_options){.rate = 25});
    read_stream(&(frame_source_options){.rate = 25, .raw_width = 4, .raw_height = 3});
    return 0;
}
