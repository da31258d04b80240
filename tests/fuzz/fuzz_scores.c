/* scores.h5, which evaluate left and browse shows: all that its page may ask for. */
#include "eval/browse/browse_set.h"
#include "eval/browse/browse_view.h"
#include "tests/fuzz/fuzzing.h"

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed) {
    return fuzz_mutate_hdf5(data, size, room, seed);
}

static void ask(status (*question)(const browse_view *v, text_buffer *out), const browse_view *v) {
    text_buffer answer;
    fuzz_expect(question(v, &answer) == STATUS_OK && answer.size > 0, "no answer");
    text_buffer_free(&answer);
}

static void show_scene(const browse_view *v, int scene, double threshold) {
    text_buffer answer;
    fuzz_expect(browse_view_scene(v, scene, threshold, &answer) == STATUS_OK, "no scene");
    text_buffer_free(&answer);
    for (int which = 0; which <= BROWSE_DETECTED; which++) {
        fuzz_expect(browse_view_picture(v, scene, (browse_picture)which, threshold, &answer) == STATUS_OK,
                    "no picture");
        text_buffer_free(&answer);
    }
}

static status figures(const browse_view *v, text_buffer *out) {
    return browse_view_figures(v, 0.25, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    scores_set set;
    browse_view *v;
    fuzz_write("scores.h5", data, size);
    status code = browse_set_open(&(browse_request){.folder = "."}, &set);
    fuzz_expect_outcome(code);
    if (code != STATUS_OK)
        return 0;
    fuzz_expect(browse_view_new(&set, &v) == STATUS_OK, "no view");
    ask(browse_view_scenes, v);
    ask(figures, v);
    for (int i = 0; i < browse_view_count(v); i++)
        show_scene(v, i, set.threshold);
    browse_view_free(v);
    scores_set_free(&set);
    return 0;
}
