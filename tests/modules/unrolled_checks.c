#include "tests/modules/unrolled_checks.h"

#include "modules/layer_name.h"
#include "tests/expect.h"
#include "tests/golden.h"

#include <math.h>

detector *unrolled_network(const char *name, const char *stages, const char *channels) {
    detector *d;
    assert_ok(golden_detector(
        (const char *[]){"model.name", name, "model.stages", stages, "model.total_channels", channels, NULL}, &d));
    return d;
}

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

const float *run_two_stages(detector *d, detector_maps *maps) {
    static const char *const names[] = {"stage1/B", "stage1/T", "stage1/D", "stage2/B", "stage2/T", "stage2/D"};
    static float image[STAGES_PIXELS];
    for (int i = 0; i < STAGES_PIXELS; i++)
        image[i] = (float)((i * 53) % 97) / 97;
    assert_ok(detector_run(d, image, STAGES_SIDE, STAGES_SIDE, DETAIL_STAGES, maps));
    assert_int_equal(maps->stage_count, 6);
    for (int i = 0; i < 6; i++)
        assert_string_equal(maps->stages[i].name, names[i]);
    return image;
}

void check_stages_without_shrinkage(detector *d) {
    for (int k = 0; k < 2; k++)
        fill_parameter(d, layer_named("decos.%d.sparse.epsilon", k).text, 0);
    detector_maps maps;
    const float *image = run_two_stages(d, &maps);
    const float *B1 = maps.stages[0].map, *T1 = maps.stages[1].map, *D1 = maps.stages[2].map;
    const float *B2 = maps.stages[3].map, *T2 = maps.stages[4].map;
    for (int i = 0; i < STAGES_PIXELS; i++) {
        assert_true(fabsf(T1[i] - (image[i] - B1[i])) < 1e-5f);
        assert_true(fabsf(T2[i] - (T1[i] + D1[i] - B2[i])) < 1e-5f);
        assert_true(maps.logit[i] == T2[i]);
    }
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
