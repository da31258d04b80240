#include "tests/modules/unrolled_checks.h"

#include "tests/expect.h"

#include <math.h>

void check_any_image_size(detector *d) {
    static const int sizes[][2] = {{1, 1}, {1, 9}, {7, 1}, {33, 20}};
    for (int i = 0; i < 4; i++) {
        int width = sizes[i][0], height = sizes[i][1];
        float image[33 * 20];
        for (int k = 0; k < width * height; k++)
            image[k] = (float)((k * 37) % 101) / 101;
        detector_maps maps;
        assert_ok(detector_run(d, image, width, height, DETAIL_RECONSTRUCTION, &maps));
        for (int k = 0; k < width * height; k++)
            assert_true(isfinite(maps.logit[k]) && isfinite(maps.reconstruction[k]));
    }
}

void fill_parameter(detector *d, const char *name, float value) {
    parameter *p = parameter_find(detector_parameters(d), name);
    assert_non_null(p);
    for (size_t i = 0; i < p->count; i++)
        p->value[i] = value;
}

void check_options_from_tensors(const named_shape *tensors, int count, const char *name, const option_value *options) {
    config *c;
    assert_ok(config_new(&c));
    assert_ok(detector_options_from_tensors(tensors, count, c));
    assert_string_equal(config_text(c, "model.name"), name);
    for (; options->key; options++)
        if (config_int(c, options->key) != options->value)
            fail_msg("%s is %d, expected %d", options->key, (int)config_int(c, options->key), options->value);
    config_free(c);
}

void check_missing_tensor(const named_shape *tensors, int count, const char *missing) {
    config *c;
    assert_ok(config_new(&c));
    assert_fails(detector_options_from_tensors(tensors, count, c), STATUS_INPUT, missing, "missing");
    config_free(c);
}
