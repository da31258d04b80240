/* detections.json, which detect left and browse shows, beside the score map of an image "a". */
#include "core/io/png_io.h"
#include "eval/browse/browse_set.h"
#include "eval/browse/browse_view.h"
#include "tests/fuzz/fuzzing.h"

static void write_map(void) {
    static bool written;
    uint16_t pixels[6 * 5];
    for (int i = 0; i < 6 * 5; i++)
        pixels[i] = (uint16_t)(i * 2113);
    if (!written)
        fuzz_expect(png_write_grey16("a_score.png", 6, 5, pixels) == STATUS_OK, "no map");
    written = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    scores_set set;
    browse_view *v;
    text_buffer answer;
    write_map();
    fuzz_write("detections.json", data, size);
    status code = browse_set_open(&(browse_request){.folder = "."}, &set);
    fuzz_expect_outcome(code);
    if (code != STATUS_OK)
        return 0;
    fuzz_expect(browse_view_new(&set, &v) == STATUS_OK, "no view");
    fuzz_expect(browse_view_scenes(v, &answer) == STATUS_OK, "no scenes");
    text_buffer_free(&answer);
    fuzz_expect(browse_view_figures(v, set.threshold, &answer) == STATUS_OK, "no figures");
    text_buffer_free(&answer);
    browse_view_free(v);
    scores_set_free(&set);
    return 0;
}
