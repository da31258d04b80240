/* The public interface in a host: threads, what is the process's, and what a frame allocates. */
#include "include/irst.h"
#include "tests/expect.h"
#include "tests/library/frames.h"

#include <fenv.h>
#include <locale.h>
#include <omp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

/* --- counting what is allocated --- */

#if defined(__GLIBC__) && !defined(SANITIZED)
#define COUNTS_ALLOCATIONS
static _Atomic long allocations;
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

__attribute__((visibility("default"))) void *malloc(size_t size) {
    allocations++;
    return __libc_malloc(size);
}

__attribute__((visibility("default"))) void *calloc(size_t count, size_t size) {
    allocations++;
    return __libc_calloc(count, size);
}

__attribute__((visibility("default"))) void *realloc(void *old, size_t size) {
    allocations++;
    return __libc_realloc(old, size);
}

__attribute__((visibility("default"))) void *aligned_alloc(size_t alignment, size_t size) {
    allocations++;
    return __libc_memalign(alignment, size);
}
#endif

/* --- threads --- */

typedef struct job {
    const char *path;
    const uint16_t *pixels;
    float score[PIXELS];
    char first_error[256], last_error[256];
} job;

static void *detect_repeatedly(void *context) {
    job *j = context;
    snprintf(j->first_error, sizeof j->first_error, "%s", irst_error());
    irst_detector *d = irst_open(j->path, &(irst_options){.threads = 2});
    const irst_frame frame = {.pixels = j->pixels, .width = WIDTH, .height = HEIGHT, .format = IRST_U16};
    irst_result found = {0};
    for (int i = 0; d && i < 3; i++)
        irst_detect(d, &frame, &found);
    if (found.score)
        memcpy(j->score, found.score, sizeof j->score);
    irst_detect(d, NULL, &found);
    snprintf(j->last_error, sizeof j->last_error, "%s", irst_error());
    irst_close(d);
    return NULL;
}

static void test_two_threads_give_the_bits_of_one(void **state) {
    (void)state;
    uint16_t pixels[PIXELS];
    frames_draw(pixels, 65535);
    const char *path = frames_checkpoint(NULL, 0.5);
    static job alone, pair[2];
    pthread_t threads[2];
    alone = pair[0] = pair[1] = (job){.path = path, .pixels = pixels};
    pair[1].path = "mpcm";
    detect_repeatedly(&alone);
    assert_true(alone.score[0] > 0);
    static job other;
    other = (job){.path = "mpcm", .pixels = pixels};
    detect_repeatedly(&other);
    assert_null(irst_open("absent.h5", NULL));
    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, detect_repeatedly, &pair[i]), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    assert_memory_equal(pair[0].score, alone.score, sizeof alone.score);
    assert_memory_equal(pair[1].score, other.score, sizeof other.score);
    assert_string_equal(pair[0].first_error, ""); /* errors are a thread's own */
    assert_non_null(strstr(pair[0].last_error, "frame"));
    assert_non_null(strstr(irst_error(), "absent.h5"));
}

/* --- the host --- */

/* The file that stands in for standard output or error meanwhile; its size is what was printed. */
static long printed_by(int descriptor, void (*body)(const char *path), const char *path) {
    fflush(NULL);
    FILE *sink = tmpfile();
    int before = dup(descriptor);
    assert_true(sink && before >= 0 && dup2(fileno(sink), descriptor) >= 0);
    body(path);
    fflush(NULL);
    dup2(before, descriptor);
    close(before);
    long size = (long)lseek(fileno(sink), 0, SEEK_END);
    fclose(sink);
    return size;
}

static void work_and_fail(const char *path) {
    unsigned char pixels[PIXELS] = {0};
    const irst_frame frame = {.pixels = pixels, .width = WIDTH, .height = HEIGHT, .format = IRST_U8};
    irst_result found;
    irst_detector *d = irst_open(path, NULL);
    irst_detect(d, &frame, &found);
    irst_detect(d, NULL, &found);
    irst_close(d);
    irst_open("absent.h5", NULL);
    irst_open("/etc/passwd", NULL);
}

static void test_the_host_is_left_alone(void **state) {
    (void)state;
    char path[4096], locale_before[256];
    snprintf(path, sizeof path, "%s", frames_checkpoint(NULL, 0.5));
    struct sigaction before[NSIG] = {0}, after = {0};
    snprintf(locale_before, sizeof locale_before, "%s", setlocale(LC_ALL, NULL));
    locale_t own = newlocale(LC_ALL_MASK, "C.UTF-8", NULL), thread_before = own ? own : LC_GLOBAL_LOCALE;
    uselocale(thread_before);
    int omp_threads = omp_get_max_threads();
    for (int i = 1; i < NSIG; i++)
        sigaction(i, NULL, &before[i]);
    fesetround(FE_UPWARD);
    feraiseexcept(FE_INEXACT);
    work_and_fail(path);
    assert_int_equal(fegetround(), FE_UPWARD);
    assert_true(fetestexcept(FE_ALL_EXCEPT) == FE_INEXACT);
    fesetenv(FE_DFL_ENV);
    for (int i = 1; i < NSIG; i++) {
        if (sigaction(i, NULL, &after) != 0)
            continue; /* the C library's own */
        assert_true(after.sa_handler == before[i].sa_handler && after.sa_flags == before[i].sa_flags);
    }
    assert_true(uselocale(LC_GLOBAL_LOCALE) == thread_before);
    assert_string_equal(setlocale(LC_ALL, NULL), locale_before);
    assert_int_equal(omp_get_max_threads(), omp_threads);
    if (own)
        freelocale(own);
    assert_int_equal(printed_by(STDOUT_FILENO, work_and_fail, path), 0);
    assert_int_equal(printed_by(STDERR_FILENO, work_and_fail, path), 0);
}

/* Whatever way the host rounds. */
static void test_the_hosts_rounding_does_not_count(void **state) {
    (void)state;
    uint16_t pixels[PIXELS];
    float score[PIXELS];
    frames_draw(pixels, 65535);
    const irst_frame frame = {.pixels = pixels, .width = WIDTH, .height = HEIGHT, .format = IRST_U16};
    irst_detector *d = frames_open(frames_checkpoint(NULL, 0.5), NULL, 0);
    irst_result found;
    assert_found(irst_detect(d, &frame, &found));
    memcpy(score, found.score, sizeof score);
    fesetround(FE_DOWNWARD);
    int code = irst_detect(d, &frame, &found);
    fesetround(FE_TONEAREST);
    assert_int_equal(code, 0);
    assert_memory_equal(found.score, score, sizeof score);
    irst_close(d);
}

#ifndef SANITIZED
static void *open_and_detect(void *path) {
    unsigned char pixels[PIXELS] = {0};
    const irst_frame frame = {.pixels = pixels, .width = WIDTH, .height = HEIGHT, .format = IRST_U8};
    irst_result found;
    irst_detector *d = irst_open(path, &(irst_options){.threads = 1});
    bool works = d && irst_detect(d, &frame, &found) == 0;
    irst_close(d);
    return works ? path : NULL;
}
#endif

/* As irst.h promises; sanitizers take more. */
static void test_a_small_stack(void **state) {
    (void)state;
#ifndef SANITIZED
    enum { STACK = 256 << 10 };
    char path[4096];
    const char *const names[] = {path, "mpcm", "pstnn"};
    snprintf(path, sizeof path, "%s", frames_checkpoint(NULL, 0.5));
    for (int i = 0; i < 3; i++) {
        pthread_attr_t small;
        pthread_t thread;
        void *result;
        pthread_attr_init(&small);
        assert_int_equal(pthread_attr_setstacksize(&small, STACK), 0);
        assert_int_equal(pthread_create(&thread, &small, open_and_detect, (void *)names[i]), 0);
        assert_int_equal(pthread_join(thread, &result), 0);
        pthread_attr_destroy(&small);
        if (!result)
            fail_msg("%s: does not detect", names[i]);
    }
#else
    skip();
#endif
}

static _Atomic int rounding_up;

static int hosts_threads_that_round_up(void) {
    atomic_store(&rounding_up, 0);
#pragma omp parallel num_threads(2)
    atomic_fetch_add(&rounding_up, fegetround() == FE_UPWARD);
    return atomic_load(&rounding_up);
}

/* OpenMP keeps the threads that the host told how to round, and gives them to us. */
static void test_the_rounding_of_the_hosts_threads_does_not_count(void **state) {
    (void)state;
    uint16_t pixels[PIXELS];
    float score[PIXELS];
    frames_draw(pixels, 65535);
    const irst_frame frame = {.pixels = pixels, .width = WIDTH, .height = HEIGHT, .format = IRST_U16};
    irst_detector *d = irst_open(frames_checkpoint(NULL, 0.5), &(irst_options){.threads = 2});
    irst_result found;
    assert_non_null(d);
    assert_found(irst_detect(d, &frame, &found));
    memcpy(score, found.score, sizeof score);
#pragma omp parallel num_threads(2)
    fesetround(FE_UPWARD);
    int before = hosts_threads_that_round_up(); /* of clang's OpenMP none: each region begins as its caller rounds */
    for (int i = 0; i < 50; i++) {
        assert_int_equal(irst_detect(d, &frame, &found), 0);
        assert_memory_equal(found.score, score, sizeof score);
    }
    assert_int_equal(hosts_threads_that_round_up(), before);
#pragma omp parallel num_threads(2)
    fesetround(FE_TONEAREST);
    irst_close(d);
}

static void test_frames_after_the_first_allocate_nothing(void **state) {
    (void)state;
#ifdef COUNTS_ALLOCATIONS
    uint16_t pixels[PIXELS];
    frames_draw(pixels, 65535);
    const irst_frame frame = {.pixels = pixels, .width = WIDTH, .height = HEIGHT, .format = IRST_U16};
    irst_result found;
    irst_detector *d = frames_open(frames_checkpoint(NULL, 0.25), (const char *const[]){"range=percentile"}, 1);
    assert_found(irst_detect(d, &frame, &found));
    const float *score = found.score;
    long before = allocations;
    for (int i = 0; i < 3; i++)
        assert_int_equal(irst_detect(d, &frame, &found), 0);
    assert_true(allocations == before && found.score == score);
    irst_close(d);
#else
    skip();
#endif
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_threads_give_the_bits_of_one),
        cmocka_unit_test(test_the_host_is_left_alone),
        cmocka_unit_test(test_the_hosts_rounding_does_not_count),
        cmocka_unit_test(test_the_rounding_of_the_hosts_threads_does_not_count),
        cmocka_unit_test(test_a_small_stack),
        cmocka_unit_test(test_frames_after_the_first_allocate_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
