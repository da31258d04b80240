/* A score map that someone else made, as a PNG, evaluated at its image's size and resized. */
#include "datasets/dataset.h"
#include "eval/measure/predictions.h"
#include "tests/fuzz/fuzzing.h"

#include <math.h>

enum { WIDTH = 12, HEIGHT = 9, SIZE = 8 };

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned seed) {
    return fuzz_mutate_png(data, size, room, seed);
}

static void evaluate(const dataset *d, int size) {
    predictions *p;
    metrics m;
    fuzz_expect(predictions_open("maps", d, size, &p) == STATUS_OK, "no predictions");
    const score_source source = predictions_source(p);
    const evaluate_options options = {.sample.size = size};
    status code = evaluate_source(&source, d, &options, &m, NULL);
    fuzz_expect_outcome(code);
    int64_t pixels = size ? size * size : WIDTH * HEIGHT;
    fuzz_expect(code != STATUS_OK || (m.pixels == pixels && m.tp + m.fp + m.fn <= pixels && m.targets == 1 &&
                                      m.roc_background == pixels - m.tp - m.fn && isfinite(m.iou_sum)),
                "impossible counts");
    predictions_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    dataset *d;
    fuzz_make_set("set", WIDTH, HEIGHT);
    fuzz_make_set("maps", 1, 1);
    fuzz_write("maps/a.png", data, size);
    fuzz_expect(dataset_open("set", "test", &d) == STATUS_OK, "no data set");
    evaluate(d, 0);
    evaluate(d, SIZE);
    dataset_close(d);
    return 0;
}
