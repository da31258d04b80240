/* The ini of an experiment: data sets, methods, checkpoints, seeds, the trainer's keys. */
#include "eval/experiments/experiment.h"
#include "tests/expect.h"
#include "tests/support.h"

#include "core/io/file_io.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const config_key own_keys[] = {{"noise.level", CONFIG_REAL, "0.5", 0, 1, NULL, "", "a key of the program"}};

/* Two data sets of one sample each: when an ini is read, no image is opened. Works in the scratch folder from now on.
 */
static int make_data(void **state) {
    (void)state;
    static const char *const files[] = {"A/test.txt", "A/images/x.png", "A/masks/x.png",
                                        "B/test.txt", "B/images/x.png", "B/masks/x.png"};
    static const char *const folders[] = {"A/images", "A/masks", "B/images", "B/masks"};
    if (chdir(scratch_path("")) != 0)
        return 1;
    for (int i = 0; i < 4; i++)
        assert_ok(folder_create(folders[i]));
    for (int i = 0; i < 6; i++)
        assert_ok(file_write(files[i], "x\n", 2));
    return 0;
}

static const char *const plain = "[data]\nA = A\nB = B\n"
                                 "[methods]\nnet = rpcanet_plus stages=2 bottleneck_channels=4\nips = mpcm\n"
                                 "[train]\nepochs = 3\n";

static const char *ini(const char *head, const char *tail) {
    char text[2048];
    int length = snprintf(text, sizeof text, "%s%s", head, tail);
    return scratch_file("test.ini", text, (unsigned long)length);
}

static status read_with(const char *tail, const char *const *overrides, int count, experiment **out) {
    return experiment_read(ini(plain, tail), overrides, count, own_keys, 1, out);
}

/* The figures published for what a set reconstructs are its targets, and tables say that it is reconstructed. */
static void test_a_reconstructed_set(void **state) {
    (void)state;
    experiment *e;
    assert_ok(read_with("[published]\nB = C (reconstructed)\n", NULL, 0, &e));
    assert_string_equal(e->data[1].name, "B");
    assert_string_equal(e->data[1].title, "C (reconstructed)");
    assert_string_equal(e->data[1].published, "C");
    assert_true(e->data[1].is_target);
    experiment_free(e);
}

static void test_reads_everything(void **state) {
    (void)state;
    const char *overrides[] = {"data.B=A", "train.batch_size=2", "noise.level=0.25", "evaluate.threads=1"};
    experiment *e;
    assert_ok(read_with("[sweep]\nseeds = 3 1,2\nkeep = last\n[augment]\nB = flips\n[published]\nB = C\n"
                        "[evaluate]\nsize = 64\nrule = logit\nmask = any\nprotocol = centroid\n",
                        overrides, 4, &e));
    assert_int_equal(e->data_count, 2);
    assert_string_equal(e->data[0].name, "A");
    assert_string_equal(e->data[1].root, "A");
    assert_string_equal(e->data[0].split, "test");
    assert_string_equal(e->data[0].train_split, "trainval");
    assert_string_equal(e->data[0].published, "A");
    assert_string_equal(e->data[1].published, "C");
    assert_true(e->data[0].is_target && !e->data[1].is_target);
    assert_string_equal(e->data[1].title, "B");
    assert_string_equal(e->data[0].augment, "");
    assert_string_equal(e->data[1].augment, "flips");
    assert_int_equal(e->method_count, 2);
    assert_string_equal(e->methods[0].method, "rpcanet_plus");
    assert_int_equal(config_int(e->methods[0].options, "model.stages"), 2);
    assert_true(e->methods[0].is_network);
    assert_false(e->methods[1].is_network);
    assert_int_equal(e->seed_count, 3);
    assert_int_equal(e->seeds[0], 3);
    assert_int_equal(e->seeds[2], 2);
    assert_true(e->keep_last && !e->select_on_test);
    assert_string_equal(e->data[0].val_split, "");
    assert_int_equal(e->evaluate.sample.size, 64);
    assert_int_equal(e->evaluate.how.rule, RULE_LOGIT);
    assert_int_equal(e->evaluate.sample.mask, MASK_ANY);
    assert_int_equal(e->evaluate.how.protocol, PROTOCOL_CENTROID);
    assert_int_equal(engine_threads(e->engine), 1);
    assert_int_equal(e->train.count, 2);
    assert_string_equal(e->train.names[0], "epochs = 3");
    assert_string_equal(e->train.names[1], "batch_size = 2");
    assert_true(config_real(e->c, "noise.level") == 0.25);
    experiment_free(e);
}

static bool has_line(const name_list *lines, const char *line) {
    for (int i = 0; i < lines->count; i++)
        if (!strcmp(lines->names[i], line))
            return true;
    return false;
}

static const char *recipe(const char *name, const char *text) {
    return scratch_file(name, text, (unsigned long)strlen(text));
}

/* Each network can be trained as an ini of train says, for all data sets or for one; what the experiment itself says
 * counts before it. */
static void test_recipes(void **state) {
    (void)state;
    experiment *e;
    recipe("all.ini", "[model]\nname = rpcanet_plus\nstages = 2\n[data]\nroot = elsewhere\nsize = 32\naugment = flips\n"
                      "drop_last = true\nholdout = 0.2\n[train]\nepochs = 70\noptimizer = adagrad\nseed = 9\n");
    recipe("one.ini", "[data]\nrange = 0,100\n[train]\nloss = dice2:batch + 0.01 mse\n");
    assert_ok(read_with("[recipe]\nnet = all.ini\nnet/B = one.ini\n[augment]\nB = none\n", NULL, 0, &e));
    const experiment_recipe *all = experiment_recipe_of(e, 0, 0), *one = experiment_recipe_of(e, 0, 1);
    assert_string_equal(all->path, "all.ini");
    assert_int_equal(all->data.count, 2); /* its root, size and holdout are the experiment's */
    assert_true(has_line(&all->data, "augment = flips") && has_line(&all->data, "drop_last = true"));
    assert_int_equal(all->train.count, 1); /* [train] says epochs, [sweep] the seeds */
    assert_true(has_line(&all->train, "optimizer = adagrad"));
    assert_string_equal(one->path, "one.ini");
    assert_true(one->data.count == 1 && has_line(&one->data, "range = 0,100"));
    assert_true(one->train.count == 1 && has_line(&one->train, "loss = dice2:batch + 0.01 mse"));
    assert_null(experiment_recipe_of(e, 1, 0)->path);
    experiment_free(e);

    assert_ok(read_with("[recipe]\nnet = all.ini\n[evaluate]\nsize = 0\n[augment]\nA = none\n", NULL, 0, &e));
    assert_true(has_line(&experiment_recipe_of(e, 0, 0)->data, "size = 32"));
    assert_false(has_line(&experiment_recipe_of(e, 0, 0)->data, "augment = flips"));
    assert_true(has_line(&experiment_recipe_of(e, 0, 1)->data, "augment = flips"));
    experiment_free(e);
}

/* What an ini without [model] says of data and training is for any network. */
static void test_recipe_for_any_network(void **state) {
    (void)state;
    experiment *e;
    recipe("any.ini", "[data]\naugment = none\n[train]\noptimizer = sgd\n");
    assert_ok(experiment_read(ini("[data]\nA = A\n[methods]\nnet = mshnet\n", "[recipe]\nnet = any.ini\n"), NULL, 0,
                              own_keys, 1, &e));
    assert_true(has_line(&experiment_recipe_of(e, 0, 0)->data, "augment = none"));
    assert_true(has_line(&experiment_recipe_of(e, 0, 0)->train, "optimizer = sgd"));
    experiment_free(e);
}

/* Numbers are what they mean: 0.10 is 0.1. */
static void test_recipe_with_numbers(void **state) {
    (void)state;
    experiment *e;
    const char *tail = "[recipe]\nnet = spelled.ini\n",
               *head = "[data]\nA = A\n[methods]\nnet = agpcnet dropout=0.10\n";
    recipe("spelled.ini", "[model]\nname = agpcnet\ndropout = 1e-1\n");
    assert_ok(experiment_read(ini(head, tail), NULL, 0, own_keys, 1, &e));
    experiment_free(e);
    recipe("spelled.ini", "[model]\nname = agpcnet\ndropout = 0.11\n");
    assert_fails(experiment_read(ini(head, tail), NULL, 0, own_keys, 1, &e), STATUS_USAGE, "recipe.net",
                 "model.dropout = 0.11, but methods.net has 0.10");
}

/* An ini that names no method is one of train's default, whatever options it has. */
static void test_recipe_without_name(void **state) {
    (void)state;
    static const char *const texts[] = {"[model]\nstages = 3\n", "[model]\nname = mpcm\n",
                                        "[model]\nname = rpcanet_plus\n"};
    static const char *const found[] = {"rpcanet_plus", "mpcm", "rpcanet_plus"};
    experiment *e;
    for (int i = 0; i < 3; i++) {
        char expected[128];
        snprintf(expected, sizeof expected, "model.name = %s, but methods.net has mshnet", found[i]);
        recipe("nameless.ini", texts[i]);
        assert_fails(experiment_read(ini("[data]\nA = A\n[methods]\nnet = mshnet\n", "[recipe]\nnet = nameless.ini\n"),
                                     NULL, 0, own_keys, 1, &e),
                     STATUS_USAGE, "recipe.net = nameless.ini", expected);
    }
}

static void test_recipes_refused(void **state) {
    (void)state;
    experiment *e;
    recipe("other.ini", "[model]\nname = rpcanet\n");
    recipe("stages.ini", "[model]\nname = rpcanet_plus\nstages = 3\n");
    recipe("odd.ini", "[model]\nstage = 3\n");
    recipe("sweep.ini", "[sweep]\nseeds = 3\n");
    recipe("fine.ini", "[train]\nepochs = 3\n");
    static const struct {
        const char *tail, *where, *expected;
    } cases[] = {
        {"[recipe]\nnet = gone.ini\n", "gone.ini", "cannot be opened"},
        {"[recipe]\nnet = other.ini\n", "recipe.net = other.ini",
         "model.name = rpcanet, but methods.net has rpcanet_plus"},
        {"[recipe]\nnet = stages.ini\n", "recipe.net", "model.stages = 3, but methods.net has 2"},
        {"[recipe]\nnet/A = odd.ini\n", "odd.ini", "model.stage"},
        {"[recipe]\nnet = sweep.ini\n", "sweep.ini", "sweep.seeds"},
        {"[recipe]\nips = fine.ini\n", "recipe.ips", "nothing to train"},
        {"[recipe]\nnets = fine.ini\n", "recipe.nets", "unknown"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_fails(read_with(cases[i].tail, NULL, 0, &e), STATUS_USAGE, cases[i].where, cases[i].expected);
}

static void test_left_out(void **state) {
    (void)state;
    const char *overrides[] = {"data.A=", "methods.ips="};
    experiment *e;
    assert_ok(read_with("", overrides, 2, &e));
    assert_int_equal(e->data_count, 1);
    assert_string_equal(e->data[0].name, "B");
    assert_int_equal(e->method_count, 1);
    experiment_free(e);
    const char *all[] = {"data.A=", "data.B="};
    assert_fails(read_with("", all, 2, &e), STATUS_USAGE, "no data set is left", "[data]");
    assert_null(e);
}

static void test_checkpoints(void **state) {
    (void)state;
    const char *one = scratch_file("one.h5", "x", 1), *two = scratch_file("two.h5", "x", 1);
    char all[512], for_b[512];
    snprintf(all, sizeof all, "checkpoint.net=%s", one);
    snprintf(for_b, sizeof for_b, "checkpoint.net/B=%s", two);
    const char *overrides[] = {all, for_b};
    experiment *e;
    assert_ok(read_with("", overrides, 2, &e));
    assert_string_equal(experiment_checkpoint(e, 0, 0), one);
    assert_string_equal(experiment_checkpoint(e, 0, 1), two);
    assert_null(experiment_checkpoint(e, 1, 0));
    experiment_free(e);

    detector *d;
    assert_ok(read_with("", NULL, 0, &e));
    assert_fails(experiment_detector(e, 0, NULL, WEIGHTS_MUST_BE_TRAINED, &d), STATUS_USAGE, "net",
                 "checkpoint.net=FILE.h5");
    assert_null(d);
    assert_ok(experiment_detector(e, 1, NULL, WEIGHTS_MUST_BE_TRAINED, &d));
    assert_string_equal(detector_name(d), "mpcm");
    detector_free(d);
    experiment_free(e);
}

/* What has no logits cannot be scored by them. */
static void test_rule(void **state) {
    (void)state;
    const char *no_ips[] = {"methods.ips="};
    experiment *e;
    assert_ok(read_with("[evaluate]\nrule = logit\n", NULL, 0, &e));
    assert_fails(experiment_check_rule(e), STATUS_USAGE, "evaluate.rule = logit", "methods.ips: mpcm has no logits");
    experiment_free(e);
    assert_ok(read_with("[evaluate]\nrule = logit\n", no_ips, 1, &e));
    assert_ok(experiment_check_rule(e));
    experiment_free(e);
    assert_ok(read_with("", NULL, 0, &e));
    assert_ok(experiment_check_rule(e));
    experiment_free(e);
}

/* Values may be as long as a line of an ini. */
static void test_long_values(void **state) {
    (void)state;
    char value[1200], option[1300];
    memset(value, 'v', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    snprintf(option, sizeof option, "[train]\nfreeze = %s\n", value);
    experiment *e;
    assert_ok(experiment_read(ini("[data]\nA = A\n[methods]\nm = mpcm\n", option), NULL, 0, own_keys, 1, &e));
    assert_string_equal(e->train.names[0] + strlen("freeze = "), value);
    experiment_free(e);
    snprintf(option, sizeof option, "methods.ips=mpcm %s=1", value);
    const char *overrides[] = {option};
    assert_fails(read_with("", overrides, 1, &e), STATUS_USAGE, "methods.ips", "OPTION=VALUE");
}

static void test_refused(void **state) {
    (void)state;
    static const struct {
        const char *head, *tail;
        status code;
        const char *a, *b;
    } cases[] = {
        {"", "[methods]\nm = mpcm\n", STATUS_USAGE, "test.ini: [data] is empty", "NAME = folder"},
        {"", "[data]\nA = A\n", STATUS_USAGE, "[methods] is empty", "NAME = METHOD"},
        {"[data]\nA = nowhere\n[methods]\nm = mpcm\n", "", STATUS_INPUT, "data.A", "nowhere"},
        {"[data]\nA = A\n[methods]\nm = mpcn\n", "", STATUS_USAGE, "methods.m", "mpcn"},
        {"[data]\nA = A\n[methods]\nm = mpcm zebra=1\n", "", STATUS_USAGE, "methods.m", "model.zebra: unknown key"},
        {"[data]\nA = A\n[methods]\nm = rpcanet_plus stages=0\n", "", STATUS_USAGE, "methods.m", "model.stages = 0"},
        {"[data]\nA = A\n[methods]\nm = rpcanet_plus stages\n", "", STATUS_USAGE, "methods.m", "OPTION=VALUE"},
        {"[data]\nA = A\n[methods]\na/b = mpcm\n", "", STATUS_USAGE, "[methods] a/b", "no blank"},
        {plain, "[split]\nC = test\n", STATUS_USAGE, "test.ini:10: split.C: unknown key", ""},
        {plain, "[checkpoint]\nnet/C = x.h5\n", STATUS_USAGE, "checkpoint.net/C: unknown key", ""},
        {plain, "[checkpoint]\nnet = x.h5\n", STATUS_INPUT, "net", "x.h5: no such file"},
        {plain, "[checkpoint]\nips = x.h5\n", STATUS_USAGE, "checkpoint.ips", "nothing to load"},
        {plain, "[sweep]\nseeds = 1 x\n", STATUS_USAGE, "sweep.seeds = 1 x", "integers"},
        {plain, "[sweep]\nseeds = 1 1\n", STATUS_USAGE, "sweep.seeds = 1 1", "twice"},
        {plain, "[sweep]\nseeds =\n", STATUS_USAGE, "sweep.seeds", "empty"},
        {plain, "seed = 1\n", STATUS_USAGE, "train.seed", "sweep.seeds"},
        {plain, "[evaluate]\nrule = min\n", STATUS_USAGE, "evaluate.rule = min", "one of max, logit"},
        {plain, "[zebra]\nx = 1\n", STATUS_USAGE, "zebra.x: unknown key", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        experiment *e;
        status result = experiment_read(ini(cases[i].head, cases[i].tail), NULL, 0, own_keys, 1, &e);
        if (result != cases[i].code)
            fail_msg("case %zu: %d, %s", i, result, status_message());
        expect_message(cases[i].a, cases[i].b);
        assert_null(e);
    }
}

/* A slip of the pen on the command line is no new data set. */
static void test_override_of_unknown_name(void **state) {
    (void)state;
    const char *override = "data.AA=A";
    experiment *e;
    assert_fails(read_with("", &override, 1, &e), STATUS_USAGE, "command line: data.AA: unknown key", "data.A");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_everything),
        cmocka_unit_test(test_a_reconstructed_set),
        cmocka_unit_test(test_recipes),
        cmocka_unit_test(test_recipe_for_any_network),
        cmocka_unit_test(test_recipe_with_numbers),
        cmocka_unit_test(test_recipe_without_name),
        cmocka_unit_test(test_recipes_refused),
        cmocka_unit_test(test_left_out),
        cmocka_unit_test(test_checkpoints),
        cmocka_unit_test(test_rule),
        cmocka_unit_test(test_long_values),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_override_of_unknown_name),
    };
    return cmocka_run_group_tests(tests, make_data, NULL);
}
