#include "tests/library/frames.h"

#include "core/base/rng.h"
#include "modules/checkpoint.h"
#include "tests/expect.h"
#include "tests/support.h"
#include "tests/train/tiny_detector.h"

const char *frames_checkpoint(const char *range, double threshold) {
    const char *path = scratch_path("tiny.h5");
    detector *d = tiny_detector();
    h5_file *file;
    assert_ok(h5_create(path, &file));
    assert_ok(checkpoint_write_model(file, d, true));
    if (range)
        assert_ok(h5_write_attribute_text(file, "/", "data.range", range));
    assert_ok(h5_commit(file));
    assert_ok(checkpoint_store_threshold(path, threshold));
    detector_free(d);
    return path;
}

void frames_draw(uint16_t *pixels, int most) {
    rng random = rng_new(7, 3);
    for (int i = 0; i < PIXELS; i++)
        pixels[i] = (uint16_t)(rng_uniform(&random) * most * 0.3);
    const int spots[3] = {5 * WIDTH + 6, 20 * WIDTH + 30, 38 * WIDTH + 57};
    for (int i = 0; i < 3; i++)
        for (int y = 0; y < 2; y++)
            for (int x = 0; x < 2 + i; x++)
                pixels[spots[i] + y * WIDTH + x] = (uint16_t)most;
}

irst_detector *frames_open(const char *name, const char *const *list, int count) {
    irst_detector *d = irst_open(name, &(irst_options){.threads = 1, .settings = list, .setting_count = count});
    if (!d)
        fail_msg("%s: %s", name, irst_error());
    return d;
}
