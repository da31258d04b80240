/* Data sets made of data sets, and which of their samples an epoch takes. */
#include "core/base/rng.h"
#include "datasets/dataset.h"
#include "datasets/epoch_order.h"
#include "datasets/loader.h"
#include "datasets/make/synthesize.h"
#include "datasets/pack.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { SIDE = 32, FIRST = 20, SECOND = 7 };

static char first[4096], second[4096], packed[4096];

static dataset *opened(const char *path, const char *split) {
    dataset *d;
    assert_ok(dataset_open(path, split, &d));
    return d;
}

static int make_sets(void **state) {
    (void)state;
    snprintf(first, sizeof first, "%s", scratch_path("first"));
    snprintf(second, sizeof second, "%s", scratch_path("second"));
    snprintf(packed, sizeof packed, "%s", scratch_path("first.h5"));
    assert_ok(synthesize_folder(first, 3, SIDE, FIRST, 2, NULL, NULL));
    assert_ok(synthesize_folder(second, 4, SIDE, SECOND, 2, NULL, NULL));
    dataset *d = opened(first, "train");
    assert_ok(pack_write(packed, &d, 1, &(pack_options){0}, NULL, NULL));
    dataset_close(d);
    return 0;
}

static dataset *side(const char *path, double share, dataset_side which) {
    dataset *d = opened(path, "train");
    assert_ok(dataset_hold_out(d, share, which));
    return d;
}

/* The pixels of a sample as one number. */
static double sum_of(const dataset *d, int index) {
    grey_image image, mask;
    double sum = 0;
    assert_ok(dataset_read(d, index, MASK_SIZE_MUST_MATCH, &image, &mask));
    for (int i = 0; i < SIDE * SIDE; i++)
        sum += (i % 97 + 1.0) * image.pixels[i] + (i % 89 + 3.0) * mask.pixels[i];
    grey_image_free(&image);
    grey_image_free(&mask);
    return sum;
}

static int index_of(const dataset *d, const char *name) {
    for (int i = 0; i < dataset_count(d); i++)
        if (!strcmp(dataset_sample_name(d, i), name))
            return i;
    return -1;
}

static int shared_names(const dataset *d, const dataset *other, const char **example) {
    int count;
    assert_ok(dataset_shared_names(d, other, &count, example));
    return count;
}

/* Disjoint, complete, in order, each name with its own pixels. */
static void expect_sides(const char *path, double share, int held) {
    dataset *all = opened(path, "train"), *one = side(path, share, DATASET_KEPT);
    dataset *two = side(path, share, DATASET_HELD_OUT);
    const dataset *sides[2] = {one, two};
    assert_int_equal(dataset_count(two), held);
    assert_int_equal(dataset_count(one), FIRST - held);
    assert_int_equal(shared_names(one, two, NULL), 0);
    for (int k = 0; k < 2; k++) {
        int last = -1;
        for (int i = 0; i < dataset_count(sides[k]); i++) {
            int at = index_of(all, dataset_sample_name(sides[k], i));
            assert_true(at > last);
            assert_true(sum_of(sides[k], i) == sum_of(all, at));
            last = at;
        }
    }
    dataset_close(all);
    dataset_close(one);
    dataset_close(two);
}

static void test_sides_are_disjoint_and_complete(void **state) {
    (void)state;
    expect_sides(first, 0.25, 5);
    expect_sides(first, 0.5, 10);
    expect_sides(first, 0.03, 1); /* rounded */
    expect_sides(packed, 0.25, 5);
}

static void test_held_out_by_name_alone(void **state) {
    (void)state;
    dataset *folder = side(first, 0.3, DATASET_HELD_OUT), *pack = side(packed, 0.3, DATASET_HELD_OUT);
    dataset *fewer = side(first, 0.1, DATASET_HELD_OUT), *kept = side(first, 0.3, DATASET_KEPT);
    const char *example;
    assert_int_equal(shared_names(folder, pack, &example), 6);
    assert_string_equal(example, dataset_sample_name(folder, 0));
    assert_int_equal(shared_names(fewer, folder, NULL), 2); /* a larger share holds out the same and more */
    assert_int_equal(shared_names(kept, folder, &example), 0);
    assert_null(example);
    assert_string_equal(dataset_split(folder), "train, the 6 held out");
    assert_string_equal(dataset_split(kept), "train, 6 held out");
    assert_string_equal(dataset_name(kept), "first");
    dataset_close(folder);
    dataset_close(pack);
    dataset_close(fewer);
    dataset_close(kept);
    /* These three whatever the machine and the version: figures of runs compare only then. */
    static const char *const expected[] = {"scene_00006", "scene_00008", "scene_00010"};
    dataset *three = side(first, 0.15, DATASET_HELD_OUT);
    for (int i = 0; i < 3; i++)
        assert_string_equal(dataset_sample_name(three, i), expected[i]);
    dataset_close(three);
}

static void test_empty_sides_are_refused(void **state) {
    (void)state;
    dataset *d = opened(first, "train");
    assert_fails(dataset_hold_out(d, 0.02, DATASET_KEPT), STATUS_USAGE, "0 of the 20 samples of first", "at least one");
    assert_int_equal(dataset_count(d), FIRST); /* as it was */
    dataset_close(d);
}

static dataset *joined(dataset *a, dataset *b) {
    dataset *parts[2] = {a, b}, *d;
    assert_ok(dataset_join(parts, 2, &d));
    return d;
}

static void test_joined_sets(void **state) {
    (void)state;
    dataset *a = opened(first, "train"), *b = opened(second, "train");
    dataset *both = joined(side(packed, 0.25, DATASET_KEPT), opened(second, "train"));
    assert_int_equal(dataset_count(both), 15 + SECOND);
    assert_int_equal(dataset_part_count(both), 2);
    assert_int_equal(dataset_part_count(a), 1);
    assert_int_equal(dataset_part_size(a, 0), FIRST);
    assert_int_equal(dataset_part_size(both, 0), 15);
    assert_int_equal(dataset_part_size(both, 1), SECOND);
    assert_string_equal(dataset_name(both), "first + second");
    assert_string_equal(dataset_split(both), "train, 5 held out + train");
    for (int i = 0; i < dataset_count(both); i++) {
        const char *name = dataset_sample_name(both, i), *prefix = i < 15 ? "first/" : "second/";
        assert_int_equal(strncmp(name, prefix, strlen(prefix)), 0);
        const dataset *from = i < 15 ? a : b;
        assert_true(sum_of(both, i) == sum_of(from, index_of(from, name + strlen(prefix))));
    }
    dataset_close(both);
    both = joined(a, b); /* one name for the same split */
    assert_string_equal(dataset_split(both), "train");
    dataset_close(both);
    dataset *alone = opened(first, "train"), *d;
    assert_ok(dataset_join(&alone, 1, &d));
    assert_string_equal(dataset_sample_name(d, 0), "scene_00000");
    dataset_close(d);
}

typedef struct reader {
    const dataset *d;
    const double *expected;
    int wrong;
} reader;

static void *read_all(void *context) {
    reader *r = context;
    for (int i = 0; i < dataset_count(r->d); i++)
        r->wrong += sum_of(r->d, i) != r->expected[i];
    return NULL;
}

static void test_read_from_several_threads(void **state) {
    (void)state;
    enum { THREADS = 4 };
    dataset *d = joined(side(packed, 0.25, DATASET_KEPT), side(second, 0.3, DATASET_HELD_OUT));
    double expected[FIRST + SECOND];
    for (int i = 0; i < dataset_count(d); i++)
        expected[i] = sum_of(d, i);
    pthread_t threads[THREADS];
    reader readers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        readers[i] = (reader){d, expected, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, read_all, &readers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(readers[i].wrong, 0);
    }
    dataset_close(d);
}

/* What the loader did before there were weights. */
static void test_one_set_keeps_its_order(void **state) {
    (void)state;
    dataset *d = opened(first, "train");
    const double one = 1;
    for (int64_t epoch = 0; epoch < 5; epoch++) {
        int expected[FIRST], order[FIRST], count;
        for (int i = 0; i < FIRST; i++)
            expected[i] = i;
        rng r = rng_new(6, rng_stream_of("shuffle") + (uint64_t)epoch);
        rng_shuffle(&r, expected, FIRST);
        assert_ok(epoch_order_count(d, NULL, &count));
        assert_int_equal(count, FIRST);
        epoch_order_fill(d, NULL, false, 6, epoch, order);
        assert_memory_equal(order, expected, sizeof order);
        epoch_order_fill(d, &one, false, 6, epoch, order);
        assert_memory_equal(order, expected, sizeof order);
    }
    dataset_close(d);
}

/* How often each sample comes; entries name a repetition, each once. */
static void count_samples(const dataset *d, const double *weights, int64_t epoch, int *times) {
    int count, all = dataset_count(d);
    assert_ok(epoch_order_count(d, weights, &count));
    int *order = malloc((size_t)count * sizeof *order), seen[4 * (FIRST + SECOND)] = {0};
    assert_non_null(order);
    epoch_order_fill(d, weights, false, 6, epoch, order);
    memset(times, 0, (size_t)all * sizeof *times);
    for (int i = 0; i < count; i++) {
        assert_in_range(order[i], 0, 4 * all - 1);
        assert_int_equal(seen[order[i]]++, 0);
        times[order[i] % all]++;
    }
    free(order);
}

static void test_weights(void **state) {
    (void)state;
    enum { ALL = FIRST + SECOND, EPOCHS = 200 };
    dataset *d = joined(opened(first, "train"), opened(second, "train"));
    const double weights[2] = {0.5, 2.4};
    int count, times[ALL], sums[ALL] = {0}, before[ALL] = {0}, differ = 0;
    assert_ok(epoch_order_count(d, weights, &count));
    assert_int_equal(count, 10 + 17); /* 16.8 is rounded */
    for (int e = 0; e < EPOCHS; e++) {
        int parts[2] = {0};
        count_samples(d, weights, e, times);
        for (int i = 0; i < ALL; i++) {
            parts[i >= FIRST] += times[i];
            sums[i] += times[i];
            assert_true(i < FIRST ? times[i] <= 1 : times[i] == 2 || times[i] == 3);
        }
        assert_int_equal(parts[0], 10);
        assert_int_equal(parts[1], 17);
        differ += !!memcmp(times, before, sizeof times);
        memcpy(before, times, sizeof times);
    }
    assert_true(differ > EPOCHS - 3); /* another choice in every epoch */
    for (int i = 0; i < ALL; i++) {   /* each as often: standard deviations 7.1 and 7.0 */
        double mean = EPOCHS * (i < FIRST ? 0.5 : 17.0 / 7);
        assert_true(fabs(sums[i] - mean) < 30);
    }
    int again[ALL];
    count_samples(d, weights, EPOCHS - 1, again);
    assert_memory_equal(again, times, sizeof times);
    dataset_close(d);
}

static void test_order_of_parts_is_kept(void **state) {
    (void)state;
    dataset *d = joined(opened(first, "train"), opened(second, "train"));
    const double weights[2] = {0.25, 1.5};
    int order[5 + 11];
    epoch_order_fill(d, weights, true, 6, 3, order);
    for (int i = 1; i < 16; i++)
        assert_true(order[i] > order[i - 1]);
    assert_true(order[4] < FIRST && order[5] == FIRST);
    assert_true(order[12] >= FIRST + SECOND + FIRST); /* a repetition */
    dataset_close(d);
}

static void test_wrong_weights(void **state) {
    (void)state;
    dataset *d = opened(second, "train");
    static const double wrong[] = {0, -1, NAN, 1001, INFINITY};
    int count;
    for (int i = 0; i < 5; i++)
        assert_fails(epoch_order_count(d, &wrong[i], &count), STATUS_USAGE, "weight", "above 0, at most 1000");
    assert_fails(epoch_order_count(d, &(double){0.05}, &count), STATUS_USAGE, "none of the 7 images", "second");
    loader *l;
    loader_options options = {.batch_size = 2, .size = 16, .weights = &wrong[0]};
    assert_fails(loader_new(d, &options, &l), STATUS_USAGE, "weight 0", "above 0");
    dataset_close(d);
}

static double fingerprint(const batch *b) {
    double sum = b->count;
    for (int i = 0; i < b->count * b->size * b->size; i++)
        sum = sum * 0.999 + b->images[i] + 2 * b->masks[i];
    return sum;
}

/* A batch of weighted sets does not depend on what went before; a repetition varies on its own. */
static void test_batches_of_weighted_sets(void **state) {
    (void)state;
    enum { BATCHES = 9 };
    dataset *d = joined(opened(first, "train"), opened(second, "train"));
    const double weights[2] = {0.5, 2};
    loader_options options = {.batch_size = 8, .size = 16, .weights = weights, .seed = 2};
    options.augment = (augment_options){.kind = AUGMENT_CROPS, .grey.gain = 0.2, .geometry.rotation = 20};
    loader *l;
    batch b;
    double seen[BATCHES];
    assert_ok(loader_new(d, &options, &l));
    assert_int_equal(loader_batches_per_epoch(l), 3);
    for (int i = 0; i < BATCHES; i++) {
        assert_ok(loader_next(l, &b));
        assert_int_equal(b.count, 8);
        seen[i] = fingerprint(&b);
    }
    for (int i = BATCHES - 1; i >= 0; i -= 2) {
        assert_ok(loader_seek(l, i / 3, i % 3));
        assert_ok(loader_next(l, &b));
        assert_true(fingerprint(&b) == seen[i]);
    }
    loader_free(l);
    dataset_close(d);
    d = opened(second, "train");
    options = (loader_options){.batch_size = 7, .size = 16, .weights = &weights[1], .keep_order = true};
    options.augment.grey.gain = 0.2;
    assert_ok(loader_new(d, &options, &l));
    assert_ok(loader_next(l, &b));
    double once = fingerprint(&b);
    assert_ok(loader_next(l, &b));
    assert_true(fingerprint(&b) != once); /* the same images in the same epoch */
    loader_free(l);
    dataset_close(d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sides_are_disjoint_and_complete),
        cmocka_unit_test(test_held_out_by_name_alone),
        cmocka_unit_test(test_empty_sides_are_refused),
        cmocka_unit_test(test_joined_sets),
        cmocka_unit_test(test_read_from_several_threads),
        cmocka_unit_test(test_one_set_keeps_its_order),
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_order_of_parts_is_kept),
        cmocka_unit_test(test_wrong_weights),
        cmocka_unit_test(test_batches_of_weighted_sets),
    };
    return cmocka_run_group_tests(tests, make_sets, NULL);
}
