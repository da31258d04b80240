/* RPCANet: parameter counts and names, its equations, any image size, options told from tensors. */
#include "core/io/hdf5_io.h"
#include "modules/detector.h"
#include "modules/tensor_options.h"
#include "tests/expect.h"
#include "tests/modules/unrolled_checks.h"
#include "tests/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static detector *network(const char *stages, const char *channels) {
    return unrolled_network("rpcanet", stages, channels);
}

static void test_parameter_counts(void **state) {
    (void)state;
    for (int k = 1; k <= 6; k++) {
        char stages[12];
        snprintf(stages, sizeof stages, "%d", k);
        detector *d = network(stages, "32");
        assert_int_equal(parameter_count_trained(detector_parameters(d)), (28609 + 56098 + 28609) * k);
        detector_free(d);
    }
}

/* The reference network's state_dict, in its order. */
static void test_parameter_names(void **state) {
    (void)state;
    char path[4096], **names;
    int count;
    h5_file *file;
    snprintf(path, sizeof path, "%s/reference/rpcanet.h5", require_shared_folder());
    assert_ok(h5_open(path, &file));
    assert_ok(h5_read_strings(file, "state/names", &names, &count));
    detector *d = network("6", "32");
    const parameter_set *set = detector_parameters(d);
    assert_int_equal(set->count, count);
    for (int i = 0; i < count; i++) {
        assert_string_equal(set->items[i]->name, names[i]);
        free(names[i]);
    }
    free(names);
    detector_free(d);
    h5_close(file);
}

static void test_any_image_size(void **state) {
    (void)state;
    detector *d = network("1", "4");
    check_any_image_size(d);
    detector_free(d);
}

/* The stages have no N. */
static void test_stage_maps(void **state) {
    (void)state;
    detector *d = network("2", "4");
    check_stages_without_shrinkage(d);
    detector_free(d);
}

static const named_shape published[] = {
    {"decos.0.lowrank.convs.0.weight", 4, {8, 1, 3, 3}}, {"decos.0.lowrank.convs.3.weight", 4, {8, 8, 3, 3}},
    {"decos.0.lowrank.convs.6.weight", 4, {1, 8, 3, 3}}, {"decos.0.sparse.epsilon", 1, {1}},
    {"decos.0.sparse.convs.0.weight", 4, {8, 1, 3, 3}},  {"decos.0.sparse.convs.2.weight", 4, {1, 8, 3, 3}},
    {"decos.0.merge.mapping.0.weight", 4, {8, 1, 3, 3}}, {"decos.0.merge.mapping.3.weight", 4, {1, 8, 3, 3}},
    {"decos.1.lowrank.convs.0.weight", 4, {8, 1, 3, 3}},
};
enum { PUBLISHED = sizeof published / sizeof *published };

static void test_options_from_tensors(void **state) {
    (void)state;
    static const option_value options[] = {
        {"model.stages", 2},        {"model.total_channels", 8},        {"model.background_layers", 1},
        {"model.target_layers", 0}, {"model.reconstruction_layers", 0}, {0},
    };
    check_options_from_tensors(published, PUBLISHED, "rpcanet", options);
    check_missing_tensor(published + 3, PUBLISHED - 4,
                         "lowrank.convs.0.weight"); /* its background, which tells the channels */
    config *c;
    assert_ok(config_new(&c)); /* a lone stage name is no RPCANet */
    assert_fails(detector_options_from_tensors(published, 2, c), STATUS_INPUT, "no network", "rpcanet_plus, rpcanet");
    config_free(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parameter_counts),     cmocka_unit_test(test_parameter_names),
        cmocka_unit_test(test_any_image_size),       cmocka_unit_test(test_stage_maps),
        cmocka_unit_test(test_options_from_tensors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
