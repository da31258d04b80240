/* Frames between threads: none is lost without dropping, the newest are kept with it, both ends can give up; and the
 * percentiles of how long they took. */
#include "eval/video/frame_queue.h"
#include "eval/video/latency.h"
#include "tests/expect.h"

#include <pthread.h>

enum { FRAMES = 2000 };

static video_frame frame_of(int64_t number) {
    video_frame frame = {.number = number};
    assert_ok(grey_image_new(2, 2, 255, &frame.image));
    return frame;
}

static int64_t take(frame_queue *q) {
    video_frame frame;
    bool more;
    assert_ok(frame_queue_take(q, &frame, &more));
    if (!more)
        return -1;
    grey_image_free(&frame.image);
    return frame.number;
}

static void *put_all(void *context) {
    for (int64_t i = 0; i < FRAMES; i++) {
        video_frame frame = frame_of(i);
        if (!frame_queue_put(context, &frame))
            break;
    }
    status_fail(STATUS_INPUT, "the camera is gone");
    frame_queue_close(context, STATUS_INPUT);
    return NULL;
}

static void test_every_frame_comes(void **state) {
    (void)state;
    frame_queue *q;
    pthread_t reader;
    video_frame frame;
    bool more;
    assert_ok(frame_queue_new(2, false, &q));
    assert_int_equal(pthread_create(&reader, NULL, put_all, q), 0);
    for (int64_t i = 0; i < FRAMES; i++)
        assert_int_equal(take(q), i);
    assert_fails(frame_queue_take(q, &frame, &more), STATUS_INPUT, "the camera is gone", "");
    assert_int_equal(pthread_join(reader, NULL), 0);
    assert_int_equal(frame_queue_dropped(q), 0);
    frame_queue_free(q);
}

static void test_oldest_are_dropped(void **state) {
    (void)state;
    frame_queue *q;
    assert_ok(frame_queue_new(2, true, &q));
    for (int64_t i = 0; i < 7; i++) {
        video_frame frame = frame_of(i);
        assert_true(frame_queue_put(q, &frame));
    }
    frame_queue_close(q, STATUS_OK);
    assert_int_equal(frame_queue_dropped(q), 5);
    assert_true(take(q) == 5 && take(q) == 6 && take(q) == -1);
    frame_queue_free(q);
}

/* A reader that waits for room is let go, and what is left is freed. */
static void test_nobody_wants_more(void **state) {
    (void)state;
    frame_queue *q;
    pthread_t reader;
    assert_ok(frame_queue_new(3, false, &q));
    assert_int_equal(pthread_create(&reader, NULL, put_all, q), 0);
    assert_int_equal(take(q), 0);
    frame_queue_refuse(q);
    assert_int_equal(pthread_join(reader, NULL), 0);
    frame_queue_free(q);
}

static void expect_near(double value, double expected) {
    if (!(value > expected / 1.021 && value < expected * 1.021))
        fail_msg("%g, expected %g within two per cent", value, expected);
}

static void test_latency(void **state) {
    (void)state;
    latency l = {0};
    assert_true(latency_percentile(&l, 0.5) == 0);
    for (int i = 1; i <= 1000; i++)
        latency_add(&l, 1e-3 * (i * 7919 % 1000 + 1));
    expect_near(latency_percentile(&l, 0.5), 0.5);
    expect_near(latency_percentile(&l, 0.95), 0.95);
    expect_near(latency_percentile(&l, 1), 1);
    expect_near(latency_percentile(&l, 0), 1e-3);
    latency edges = {0};
    latency_add(&edges, 0);
    assert_true(latency_percentile(&edges, 1) <= 1e-5);
    latency_add(&edges, 1e9);
    assert_true(latency_percentile(&edges, 1) > 3600);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_frame_comes),
        cmocka_unit_test(test_oldest_are_dropped),
        cmocka_unit_test(test_nobody_wants_more),
        cmocka_unit_test(test_latency),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
