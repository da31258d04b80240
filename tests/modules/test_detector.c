/* Every method of the registry through its one interface: what it says of itself, what a run gives, and what it
 * refuses. */
#include "modules/detector.h"

#include "core/base/engine_private.h"
#include "modules/classic/model_driven.h"
#include "tests/expect.h"
#include "tests/golden.h"
#include "tests/support.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>

enum { WIDTH = 64, HEIGHT = 60, PIXELS = WIDTH * HEIGHT };

/* A slope with one bright spot. */
static void draw(float *image, int width, int height, int spot_x, int spot_y) {
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            image[y * width + x] = 0.2f + 0.002f * (float)(x + y) + (abs(x - spot_x) + abs(y - spot_y) < 2 ? 0.5f : 0);
}

static void open_method(const char *name, detector **out) {
    assert_ok(golden_detector((const char *[]){"model.name", name, NULL}, out));
}

/* Methods of the registry but UIU-Net, whose 50 million weights would take most of the time; under sanitizers without
 * AGPCNet's 12 million too. */
static bool is_quick(int method) {
#ifdef SANITIZED
    if (!strcmp(detector_method_name(method), "agpcnet"))
        return false;
#endif
    return strcmp(detector_method_name(method), "uiunet") != 0;
}

/* seed 0: blank. */
static status new_of_seed(const char *name, uint64_t seed, detector **out) {
    config *c;
    TRY(config_new(&c));
    status result = config_declare(c, &detector_name_key, 1);
    if (result == STATUS_OK)
        result = config_set(c, "model.name", name, "test");
    if (result == STATUS_OK)
        result = detector_declare_options(c);
    if (result == STATUS_OK)
        result = seed ? detector_new(test_engine(), c, seed, out) : detector_new_blank(test_engine(), c, out);
    config_free(c);
    return result;
}

static void test_what_a_method_says(void **state) {
    (void)state;
    assert_true(detector_method_count() > 5);
    for (int i = 0; i < detector_method_count(); i++) {
        detector *d;
        const config_key *keys;
        int count;
        assert_ok(new_of_seed(detector_method_name(i), 0, &d));
        assert_string_equal(detector_name(d), detector_method_name(i));
        assert_int_equal(detector_score_kind(d), detector_method_score_kind(i));
        /* Its title names who it is by, and when. */
        assert_non_null(strstr(detector_method_title(i), "20"));
        assert_int_equal(detector_score_kind(d) == SCORE_PROBABILITY, detector_parameters(d)->count > 0);
        assert_ok(detector_method_options(detector_method_name(i), &keys, &count));
        for (int k = 0; k < count; k++) {
            assert_int_equal(strncmp(keys[k].name, "model.", 6), 0);
            assert_string_equal(detector_option(d, keys[k].name), keys[k].default_value);
        }
        assert_null(detector_option(d, "model.nothing"));
        assert_null(detector_option(d, "train.epochs"));
        detector_free(d);
    }
    const config_key *keys;
    int count;
    assert_fails(detector_method_options("rpcanet2", &keys, &count), STATUS_USAGE, "rpcanet2", "rpcanet_plus");
    detector *d;
    assert_fails(golden_detector((const char *[]){"model.name", "", NULL}, &d), STATUS_USAGE, "''", "mshnet");
    detector_free(NULL);
}

/* Scores of networks are the sigmoid of their logits; model-driven methods have no logits; with more detail the score
 * stays what it is. */
static void test_what_a_run_gives(void **state) {
    (void)state;
    static float image[PIXELS], score[PIXELS];
    draw(image, WIDTH, HEIGHT, 20, 15);
    for (int i = 0; i < detector_method_count(); i++) {
        detector *d;
        detector_maps maps;
        if (!is_quick(i))
            continue;
        open_method(detector_method_name(i), &d);
        bool is_network = detector_score_kind(d) == SCORE_PROBABILITY;
        assert_true(detector_inference_flops(d) == 0);
        assert_ok(detector_run(d, image, WIDTH, HEIGHT, DETAIL_SCORE, &maps));
        assert_true(maps.width == WIDTH && maps.height == HEIGHT && maps.score && maps.stage_count == 0);
        assert_true(!maps.reconstruction && is_network == (maps.logit != NULL));
        for (int k = 0; k < PIXELS; k++) {
            assert_true(isfinite(maps.score[k]));
            if (is_network)
                assert_true(fabs(maps.score[k] - 1 / (1 + exp(-(double)maps.logit[k]))) < 1e-6);
        }
        memcpy(score, maps.score, sizeof score);
        assert_true(detector_memory(d) > 0 && is_network == (detector_inference_flops(d) > 0));
        assert_ok(detector_run(d, image, WIDTH, HEIGHT, DETAIL_STAGES, &maps));
        for (int k = 0; k < PIXELS; k++)
            assert_true(fabsf(maps.score[k] - score[k]) <= 1e-5f * fabsf(score[k]) + 1e-6f);
        for (int s = 0; s < maps.stage_count; s++)
            assert_true(strchr(maps.stages[s].name, '/') && isfinite(maps.stages[s].map[PIXELS - 1]));
        assert_int_equal(strstr(detector_name(d), "rpcanet") != NULL, maps.stage_count > 0);
        detector_free(d);
    }
}

/* The reconstruction's pairs of convolutions share one map of 32 channels, 8.6 MiB, with what they make of it. */
static void test_memory_of_the_published_network(void **state) {
    (void)state;
    enum { SIDE = 256, MOST_MIB = 16 };
    float *image = calloc((size_t)SIDE * SIDE, sizeof *image);
    detector *d;
    detector_maps maps;
    assert_non_null(image);
    draw(image, SIDE, SIDE, 100, 90);
    use_threads(2);
    open_method("rpcanet_plus", &d);
    assert_ok(detector_run(d, image, SIDE, SIDE, DETAIL_SCORE, &maps));
    assert_in_range(detector_memory(d), 1, (uint64_t)MOST_MIB << 20);
    detector_free(d);
    use_threads(0);
    free(image);
}

/* What a run gives depends on its own image alone: not on those before, of other sizes and details. */
static void test_runs_do_not_depend_on_each_other(void **state) {
    (void)state;
    static float first[PIXELS], other[60 * 70], expected[PIXELS];
    draw(first, WIDTH, HEIGHT, 20, 15);
    draw(other, 70, 60, 50, 20);
    for (int i = 0; i < detector_method_count(); i++) {
        detector *d;
        detector_maps maps;
        if (!is_quick(i))
            continue;
        open_method(detector_method_name(i), &d);
        assert_ok(detector_run(d, first, WIDTH, HEIGHT, DETAIL_SCORE, &maps));
        memcpy(expected, maps.score, sizeof expected);
        assert_ok(detector_run(d, other, 70, 60, DETAIL_RECONSTRUCTION, &maps));
        assert_ok(detector_run(d, first, WIDTH, HEIGHT, DETAIL_SCORE, &maps));
        assert_memory_equal(maps.score, expected, sizeof expected);
        assert_fails(detector_run(d, first, 0, HEIGHT, DETAIL_SCORE, &maps), STATUS_USAGE, "0x60", "pixels");
        assert_fails(detector_run(d, first, WIDTH, -1, DETAIL_SCORE, &maps), STATUS_USAGE, "64x-1", "pixels");
        assert_ok(detector_run(d, first, WIDTH, HEIGHT, DETAIL_SCORE, &maps)); /* a refusal leaves it as it was */
        assert_memory_equal(maps.score, expected, sizeof expected);
        detector_free(d);
    }
}

/* Whether all weights are the same; statistics, norms and biases begin alike under every seed. */
static bool same_weights(detector *a, detector *b) {
    const parameter_set *x = detector_parameters(a), *y = detector_parameters(b);
    assert_int_equal(x->count, y->count);
    bool same = true;
    for (int i = 0; i < x->count; i++) {
        assert_string_equal(x->items[i]->name, y->items[i]->name);
        same = same && !memcmp(x->items[i]->value, y->items[i]->value, x->items[i]->count * sizeof(float));
    }
    return same;
}

/* Until somebody fills it in; and what only detects holds no gradients. */
static void test_a_blank_one(void **state) {
    (void)state;
    detector *d;
    assert_ok(new_of_seed("rpcanet_plus", 0, &d));
    const parameter_set *set = detector_parameters(d);
    for (int i = 0; i < set->count; i++) {
        const parameter *p = set->items[i];
        assert_null(p->grad);
        for (size_t k = 0; p->rank == 4 && k < p->count; k++)
            assert_true(p->value[k] == 0);
    }
    assert_ok(parameter_set_make_gradients(set));
    for (int i = 0; i < set->count; i++)
        assert_true((set->items[i]->grad != NULL) == (set->items[i]->kind == PARAMETER_TRAINED));
    detector_free(d);
}

static void test_initial_weights_follow_the_seed(void **state) {
    (void)state;
    for (int i = 0; i < detector_method_count(); i++) {
        detector *a, *b, *c;
        if (detector_method_score_kind(i) != SCORE_PROBABILITY || !is_quick(i))
            continue;
        assert_ok(new_of_seed(detector_method_name(i), 3, &a));
        assert_ok(new_of_seed(detector_method_name(i), 3, &b));
        assert_true(same_weights(a, b));
        detector_free(b);
        assert_ok(new_of_seed(detector_method_name(i), 4, &c));
        assert_false(same_weights(a, c));
        detector_free(a);
        detector_free(c);
    }
}

/* The stages that were trained give what they give alone; those after them are there, and the last one is the result.
 */
static void test_more_stages(void **state) {
    (void)state;
    static float image[PIXELS], before[PIXELS];
    draw(image, WIDTH, HEIGHT, 20, 15);
    for (int i = 0; i < detector_method_count(); i++) {
        detector *d;
        detector_maps maps;
        const char *name = detector_method_name(i);
        if (!is_quick(i))
            continue;
        open_method(name, &d);
        if (!strstr(name, "rpcanet")) {
            assert_fails(detector_set_more_stages(d, 1), STATUS_USAGE, name, "no stages");
            detector_free(d);
            continue;
        }
        assert_ok(detector_run(d, image, WIDTH, HEIGHT, DETAIL_STAGES, &maps));
        int count = maps.stage_count, of_a_stage = strcmp(name, "rpcanet_plus") ? 3 : 4;
        memcpy(before, maps.stages[count - of_a_stage + 1].map, sizeof before);
        assert_string_equal(strchr(maps.stages[count - of_a_stage + 1].name, '/'), "/T");
        assert_ok(detector_set_more_stages(d, 2));
        assert_ok(detector_run(d, image, WIDTH, HEIGHT, DETAIL_STAGES, &maps));
        assert_int_equal(maps.stage_count, count + 2 * of_a_stage);
        const float *trained = maps.stages[count - of_a_stage + 1].map,
                    *last = maps.stages[maps.stage_count - of_a_stage + 1].map;
        double change = 0;
        for (int k = 0; k < PIXELS; k++) {
            assert_true(fabsf(trained[k] - before[k]) <= 1e-4f * (1 + fabsf(before[k])));
            assert_true(last[k] == maps.logit[k]);
            change += fabsf(last[k] - trained[k]);
        }
        assert_true(change > 0);
        assert_fails(detector_set_more_stages(d, -1), STATUS_USAGE, "-1 stages", "expected 0");
        assert_fails(detector_set_more_stages(d, 32), STATUS_USAGE, "32 stages", "expected 0");
        assert_ok(detector_set_more_stages(d, 0));
        assert_ok(detector_run(d, image, WIDTH, HEIGHT, DETAIL_STAGES, &maps));
        assert_memory_equal(maps.stages[count - of_a_stage + 1].map, before, sizeof before);
        detector_free(d);
    }
}

typedef struct twin_run {
    detector *d;
    float image[PIXELS], score[PIXELS];
} twin_run;

static void *run_often(void *context) {
    twin_run *r = context;
    detector_maps maps;
    for (int i = 0; i < 5; i++)
        if (detector_run(r->d, r->image, WIDTH, HEIGHT, DETAIL_SCORE, &maps) != STATUS_OK)
            return NULL;
    memcpy(r->score, maps.score, sizeof r->score);
    return r;
}

/* Two twins in two threads, each with an engine of its own, give what the first gives alone. */
static void test_twins(void **state) {
    (void)state;
    detector *d;
    twin_run runs[2];
    engine *engines[2];
    pthread_t threads[2];
    open_method("rpcanet_plus", &d);
    for (int i = 0; i < 2; i++) {
        draw(runs[i].image, WIDTH, HEIGHT, 10 + 20 * i, 12);
        assert_ok(engine_new(1, &engines[i]));
        assert_ok(detector_new_twin(d, engines[i], &runs[i].d));
        assert_string_equal(detector_name(runs[i].d), "rpcanet_plus");
        assert_string_equal(detector_option(runs[i].d, "model.stages"), detector_option(d, "model.stages"));
        assert_true(same_weights(d, runs[i].d));
    }
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_often, &runs[i]), 0);
    for (int i = 0; i < 2; i++) {
        void *done;
        detector_maps maps;
        assert_int_equal(pthread_join(threads[i], &done), 0);
        assert_non_null(done);
        assert_ok(detector_run(d, runs[i].image, WIDTH, HEIGHT, DETAIL_SCORE, &maps));
        assert_memory_equal(maps.score, runs[i].score, sizeof runs[i].score);
        detector_free(runs[i].d); /* and the weights are still there */
        engine_free(engines[i]);
    }
    detector_free(d);
}

/* Mean cross-entropy of an evaluation's scores with a mask of one pixel. */
static double entropy_of(detector *d, const float *image, const float *mask) {
    detector_maps maps;
    double sum = 0;
    assert_ok(detector_run(d, image, WIDTH, HEIGHT, DETAIL_SCORE, &maps));
    for (int i = 0; i < WIDTH * HEIGHT; i++)
        sum -= mask[i] > 0 ? log(maps.score[i]) : log1p(-(double)maps.score[i]);
    return sum / (WIDTH * HEIGHT);
}

static double step_with(detector *d, bool running_norms, const float *image, const float *mask) {
    const detector_training training = {
        .batch_size = 1, .width = WIDTH, .height = HEIGHT, .loss = "bce", .running_norms = running_norms};
    const detector_batch batch = {.images = image, .masks = mask, .count = 1};
    detector_loss loss;
    assert_ok(detector_begin_training(d, &training));
    assert_ok(detector_train_step(d, &batch, &loss));
    return loss.total;
}

/* With running statistics a training sees what an evaluation does, and leaves them; with the batch's it does neither.
 */
static void test_running_norms(void **state) {
    (void)state;
    static float image[WIDTH * HEIGHT], mask[WIDTH * HEIGHT];
    detector *d, *other;
    draw(image, WIDTH, HEIGHT, 10, 12);
    mask[12 * WIDTH + 10] = 1;
    open_method("rpcanet_plus", &d);
    assert_ok(detector_new_twin(d, test_engine(), &other));
    double evaluated = entropy_of(d, image, mask);
    assert_true(fabs(step_with(d, true, image, mask) - evaluated) < 1e-4 * evaluated);
    assert_true(same_weights(d, other));
    assert_true(fabs(entropy_of(d, image, mask) - evaluated) < 1e-6 * evaluated);
    assert_true(fabs(step_with(d, false, image, mask) - evaluated) > 1e-2 * evaluated);
    assert_true(fabs(entropy_of(d, image, mask) - evaluated) > 1e-4 * evaluated); /* its statistics have moved */
    detector_free(other);
    detector_free(d);
}

static void test_methods_without_parameters_are_not_trained(void **state) {
    (void)state;
    detector *d;
    open_method("mpcm", &d);
    const detector_training training = {.batch_size = 1, .width = WIDTH, .height = HEIGHT};
    assert_fails(detector_begin_training(d, &training), STATUS_USAGE, "mpcm", "");
    assert_fails(detector_set_prior(d, 0.02), STATUS_USAGE, "mpcm", "");
    assert_true(detector_training_flops(d) == 0);
    detector_free(d);
}

static status note_region(engine *e, const config *options, const grey_map *image, workspace *work, float *score,
                          solver_report *report) {
    (void)options;
    (void)work;
    (void)report;
    score[0] = atomic_load(&e->region_open);
    return image->grey[0] > 0 ? STATUS_OK : status_fail(STATUS_INPUT, "a black image");
}

/* On a busy machine a loop outside of a region takes as long as the system keeps one of its threads waiting. */
static void test_methods_without_parameters_run_in_one_region(void **state) {
    (void)state;
    static const detector_type method = {.name = "noting", .score_image = note_region};
    model_driven_run run = {0};
    detector_maps maps;
    assert_ok(model_driven_score(test_engine(), &run, &method, NULL, &(float){0.5f}, 1, 1, &maps));
    assert_true(maps.score[0] == 1);
    assert_fails(model_driven_score(test_engine(), &run, &method, NULL, &(float){0}, 1, 1, &maps), STATUS_INPUT,
                 "a black image", "");
    assert_true(!atomic_load(&test_engine()->region_open));
    model_driven_free(&run);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_method_says),
        cmocka_unit_test(test_what_a_run_gives),
        cmocka_unit_test(test_memory_of_the_published_network),
        cmocka_unit_test(test_runs_do_not_depend_on_each_other),
        cmocka_unit_test(test_a_blank_one),
        cmocka_unit_test(test_initial_weights_follow_the_seed),
        cmocka_unit_test(test_more_stages),
        cmocka_unit_test(test_twins),
        cmocka_unit_test(test_running_norms),
        cmocka_unit_test(test_methods_without_parameters_are_not_trained),
        cmocka_unit_test(test_methods_without_parameters_run_in_one_region),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
