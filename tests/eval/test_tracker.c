/* Tracks over frames: crossing targets, missed frames, flashes, one that leaves, gaps between frames, many detections.
 */
#include "core/base/rng.h"
#include "eval/video/tracker.h"
#include "tests/expect.h"

#include <math.h>
#include <stdlib.h>

static tracker *tracker_with(const char *options) {
    tracker_options how;
    tracker *t;
    assert_ok(tracker_options_read(options, "--tracking", &how));
    assert_ok(tracker_new(&how, &t));
    return t;
}

/* The number of the confirmed track that was joined with a detection of the last frame; 0: none. */
static int64_t track_of(const tracker *t, int point) {
    track *tracks;
    int count;
    int64_t id = 0;
    assert_ok(tracker_confirmed(t, &tracks, &count));
    for (int i = 0; i < count; i++)
        if (tracks[i].point == point)
            id = tracks[i].id;
    free(tracks);
    return id;
}

static int confirmed_now(const tracker *t) {
    track *tracks;
    int count;
    assert_ok(tracker_confirmed(t, &tracks, &count));
    free(tracks);
    return count;
}

static track only_track(const tracker *t) {
    track *tracks;
    int count;
    assert_ok(tracker_confirmed(t, &tracks, &count));
    assert_int_equal(count, 1);
    track only = tracks[0];
    free(tracks);
    return only;
}

static void step_one(tracker *t, int64_t frame, double x, double y) {
    assert_ok(tracker_step(t, frame, &(track_point){x, y}, 1));
}

static void step_none(tracker *t, int64_t frame) {
    assert_ok(tracker_step(t, frame, NULL, 0));
}

static void test_one_target(void **state) {
    (void)state;
    tracker *t = tracker_with(NULL);
    for (int k = 0; k < 40; k++) {
        step_one(t, k, 10 + 1.5 * k, 80 - 0.5 * k);
        assert_int_equal(track_of(t, 0), k < 2 ? 0 : 1);
    }
    track seen = only_track(t);
    assert_true(fabs(seen.vx - 1.5) < 0.01 && fabs(seen.vy + 0.5) < 0.01 && seen.missed == 0);
    assert_true(fabs(seen.x - 68.5) < 0.05 && fabs(seen.y - 60.5) < 0.05);
    tracker_free(t);
}

/* Against the textbook's gain of a filter in its steady state: with the tracking index L = a T^2 / noise, the place's
 * gain solves L^2 = beta^2 / (1 - alpha), beta = 2 (2 - alpha) - 4 sqrt(1 - alpha) (Kalata, 1984). */
static void test_steady_gain(void **state) {
    (void)state;
    const double index = 0.3 / 0.7;
    double low = 0, high = 1;
    for (int i = 0; i < 100; i++) {
        double alpha = (low + high) / 2, beta = 2 * (2 - alpha) - 4 * sqrt(1 - alpha);
        *(beta / sqrt(1 - alpha) < index ? &low : &high) = alpha;
    }
    double beta = 2 * (2 - low) - 4 * sqrt(1 - low);
    tracker *t = tracker_with(NULL);
    for (int k = 0; k < 100; k++)
        step_one(t, k, 50, 50);
    step_one(t, 100, 50.5, 50);
    track seen = only_track(t);
    assert_true(fabs(seen.x - 50 - 0.5 * low) < 1e-6 && fabs(seen.vx - 0.5 * beta) < 1e-6);
    tracker_free(t);
}

/* Two meet in one point and go on; in between only one of them is seen. */
static void test_crossing(void **state) {
    (void)state;
    tracker *t = tracker_with(NULL);
    int64_t first = 0, second = 0;
    for (int k = 0; k < 60; k++) {
        double d = k - 30;
        const track_point both[] = {{50 + d, 50 + 0.5 * d}, {50 - d, 50 + 0.5 * d}};
        assert_ok(tracker_step(t, k, both, abs(k - 30) < 2 ? 1 : 2));
        if (k == 10) {
            first = track_of(t, 0);
            second = track_of(t, 1);
            assert_true(first > 0 && second > 0 && first != second);
        }
    }
    assert_true(track_of(t, 0) == first && track_of(t, 1) == second && tracker_count(t) == 2);
    tracker_free(t);
}

static void test_missed_frames(void **state) {
    (void)state;
    tracker *t = tracker_with(NULL);
    for (int k = 0; k < 60; k++) {
        if (k < 10 || k > 17) {
            step_one(t, k, k, 2 * k);
            continue;
        }
        step_none(t, k); /* eight in a row: it is expected where it would be */
        track expected = only_track(t);
        assert_true(expected.point == -1 && expected.missed == k - 9);
        assert_true(fabs(expected.x - k) < 0.5 && fabs(expected.y - 2 * k) < 0.5);
    }
    assert_int_equal(track_of(t, 0), 1);
    tracker_free(t);
}

static void test_target_that_leaves(void **state) {
    (void)state;
    tracker *t = tracker_with("coast=3");
    for (int k = 0; k < 20; k++)
        step_one(t, k, k, 5);
    for (int k = 20; k < 24; k++) {
        step_none(t, k);
        assert_int_equal(confirmed_now(t), k < 23 ? 1 : 0);
    }
    for (int k = 24; k < 30; k++)
        step_one(t, k, k, 5); /* one that comes back is another */
    assert_int_equal(track_of(t, 0), 2);
    tracker_free(t);
}

/* A flash of one frame, and of two frames with three wanted, gives no track; the target beside it keeps its own. */
static void test_flashes(void **state) {
    (void)state;
    tracker *t = tracker_with(NULL);
    rng r = rng_new(5, 1);
    for (int k = 0; k < 300; k++) {
        const track_point points[] = {{100 + 0.1 * k, 100}, {200 + 80 * rng_uniform(&r), 200 + 80 * rng_uniform(&r)}};
        assert_ok(tracker_step(t, k, points, k % 10 < 2 ? 2 : 1));
        assert_true(track_of(t, 1) == 0);
        if (k >= 2)
            assert_int_equal(track_of(t, 0), 1);
    }
    assert_int_equal(tracker_count(t), 1);
    tracker_free(t);
}

/* Three of five, counted from the first. */
static void test_confirmation(void **state) {
    (void)state;
    static const struct {
        const char *seen;
        int tracks;
    } cases[] = {{"x.x.x", 1}, {"xx..x", 1}, {"x..xx", 1}, {"x...xx...x", 0}, {"xx...x", 0}, {"xxx", 1}, {"xx", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tracker *t = tracker_with("confirm=3/5");
        for (int k = 0; cases[i].seen[k]; k++) {
            if (cases[i].seen[k] == 'x')
                step_one(t, k, 30, 30);
            else
                step_none(t, k);
        }
        if (tracker_count(t) != cases[i].tracks)
            fail_msg("%s: %d tracks", cases[i].seen, (int)tracker_count(t));
        tracker_free(t);
    }
    tracker *t = tracker_with("confirm=1/1");
    step_one(t, 7, 3, 4);
    assert_int_equal(track_of(t, 0), 1);
    tracker_free(t);
}

/* What is outside of the gate is another target, however near no other is. */
static void test_gate(void **state) {
    (void)state;
    tracker *t = tracker_with("confirm=1/1,noise=1,speed=1,acceleration=0.5,gate=9");
    step_one(t, 0, 50, 50);
    /* Variance after one frame: 1 + 1 + 0.25 / 4 of the place, 1 of a detection. */
    double reach = 3 * sqrt(3.0625);
    step_one(t, 1, 50 + reach - 0.01, 50);
    assert_int_equal(tracker_count(t), 1);
    tracker_free(t);
    t = tracker_with("confirm=1/1,noise=1,speed=1,acceleration=0.5,gate=9");
    step_one(t, 0, 50, 50);
    step_one(t, 1, 50 + reach + 0.01, 50);
    assert_int_equal(tracker_count(t), 2);
    tracker_free(t);
}

/* Frames that nobody saw count as time: every third frame of a target gives the same velocity. */
static void test_frames_between(void **state) {
    (void)state;
    tracker *t = tracker_with(NULL);
    for (int k = 0; k < 120; k += k < 60 ? 3 : 7)
        step_one(t, k, 0.8 * k, 40);
    track seen = only_track(t);
    assert_true(seen.id == 1 && fabs(seen.vx - 0.8) < 0.02 && fabs(seen.vy) < 1e-6);
    tracker_free(t);
}

/* Thousands of detections that mean nothing, and among them targets that are kept; no more is followed than there is
 * room for, and the same detections give the same tracks. */
static void test_thousands(void **state) {
    (void)state;
    enum { NOISE = 6000, TARGETS = 5, FRAMES = 12 };
    track_point *points = malloc((NOISE + TARGETS) * sizeof *points);
    int64_t counts[2];
    assert_non_null(points);
    for (int run = 0; run < 2; run++) {
        rng r = rng_new(9, 1);
        tracker *t = tracker_with("confirm=5/5");
        for (int k = 0; k < FRAMES; k++) {
            for (int i = 0; i < TARGETS; i++)
                points[i] = (track_point){-500 + 2.0 * k, 100 * i};
            for (int i = TARGETS; i < TARGETS + NOISE; i++)
                points[i] = (track_point){1280 * rng_uniform(&r), 1024 * rng_uniform(&r)};
            assert_ok(tracker_step(t, k, points, TARGETS + NOISE));
            assert_true(confirmed_now(t) <= TRACKER_MOST);
            for (int i = 0; i < TARGETS && k > 4; i++)
                assert_true(track_of(t, i) > 0);
        }
        counts[run] = tracker_count(t);
        tracker_free(t);
    }
    assert_true(counts[0] >= TARGETS && counts[0] == counts[1]);
    free(points);
}

static void test_options(void **state) {
    (void)state;
    static const char *const bad[] = {"speed",       "speed=0",     "speed=1e999",   "gate=-1",     "noise=2x",
                                      "confirm=5/3", "confirm=0/3", "confirm=3",     "coast=-1",    "coast=99999",
                                      "colour=1",    "=1",          "confirm=1/2/3", "noise=1e200", "acceleration=1e7",
                                      "gate=1e-200", "speed=nan"};
    tracker_options how;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_fails(tracker_options_read(bad[i], "--tracking", &how), STATUS_USAGE, "--tracking: ", bad[i]);
    assert_ok(tracker_options_read("coast=0,confirm=2/3,gate=16", "--tracking", &how));
    assert_true(how.coast == 0 && how.confirm == 2 && how.of == 3 && how.gate == 16 && how.noise == 0.7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_target),
        cmocka_unit_test(test_steady_gain),
        cmocka_unit_test(test_crossing),
        cmocka_unit_test(test_missed_frames),
        cmocka_unit_test(test_target_that_leaves),
        cmocka_unit_test(test_flashes),
        cmocka_unit_test(test_confirmation),
        cmocka_unit_test(test_gate),
        cmocka_unit_test(test_frames_between),
        cmocka_unit_test(test_thousands),
        cmocka_unit_test(test_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
