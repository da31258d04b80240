#include "tests/train/tiny_detector.h"
#include "tests/support.h"

#include "tests/expect.h"

detector *tiny_detector(void) {
    static const char *const settings[] = {"model.stages=1", "model.bottleneck_channels=2", "model.total_channels=4",
                                           "model.se_reduction=2"};
    config *c;
    detector *d;
    assert_ok(config_new(&c));
    assert_ok(config_declare(c, &detector_name_key, 1));
    assert_ok(detector_declare_options(c));
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        assert_ok(config_override(c, settings[i]));
    assert_ok(detector_new(test_engine(), c, 3, &d));
    config_free(c);
    return d;
}
