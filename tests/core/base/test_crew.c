/* Loops on the threads of an engine: every item once, by threads with numbers of their own; threads that slept come
 * back; callers in regions of OpenMP; what must not be nested; what the host finds afterwards. */
#include "core/base/blas_threads.h"
#include "core/base/parallel.h"
#include "tests/expect.h"

#include <cblas.h>
#include <omp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_ITEMS = 1000, MOST_THREADS = 100 };

static void sleep_milliseconds(long count) {
    nanosleep(&(struct timespec){count / 1000, count % 1000 * 1000000}, NULL);
}

typedef struct tally {
    int done[MOST_ITEMS]; /* not atomic: an item is one thread's */
    atomic_int running[MOST_THREADS];
    atomic_bool clash; /* two bodies at once had one number, or a number was out of range */
    int threads;
    long pause; /* milliseconds that item 0 takes */
} tally;

static void count_item(const worker *w, void *context, int item) {
    tally *t = context;
    if (w->thread < 0 || w->thread >= t->threads) {
        atomic_store(&t->clash, true);
        return;
    }
    if (atomic_fetch_add(&t->running[w->thread], 1) != 0)
        atomic_store(&t->clash, true);
    if (item == 0 && t->pause)
        sleep_milliseconds(t->pause);
    t->done[item]++;
    atomic_fetch_sub(&t->running[w->thread], 1);
}

/* True if every item below `count` was done `times` times. */
static bool is_complete(const tally *t, int count, int times) {
    for (int i = 0; i < MOST_ITEMS; i++)
        if (t->done[i] != (i < count ? times : 0))
            return false;
    return !atomic_load(&t->clash);
}

static bool loops_are_complete(engine *e) {
    static const int counts[] = {0, 1, 2, 3, 7, 64, MOST_ITEMS};
    bool complete = true;
    for (int i = 0; i < 7; i++) {
        tally t = {.threads = engine_threads(e)};
        for (int k = 0; k < 3; k++)
            parallel_for(e, counts[i], count_item, &t);
        complete &= is_complete(&t, counts[i], 3);
    }
    return complete;
}

static void test_every_item_once(void **state) {
    (void)state;
    static const int threads[] = {1, 2, 3, 5, MOST_THREADS};
    for (int i = 0; i < 5; i++) {
        engine *e;
        assert_ok(engine_new(threads[i], &e));
        assert_int_equal(engine_threads(e), threads[i]);
        assert_true(loops_are_complete(e));
        engine_free(e);
    }
}

static void test_too_many_threads(void **state) {
    (void)state;
    engine *e;
    assert_fails(engine_new(ENGINE_MOST_THREADS + 1, &e), STATUS_USAGE, "4097", "4096");
    assert_null(e);
}

/* --- a region --- */

typedef struct region {
    engine *e;
    int loops;
    long pause; /* milliseconds between loops */
    tally tally;
} region;

static void run_region(void *context) {
    region *r = context;
    for (int i = 0; i < r->loops; i++) {
        parallel_for(r->e, 1 + i % 40, count_item, &r->tally);
        if (r->pause)
            sleep_milliseconds(r->pause);
    }
}

static void run_inner_region(void *context) {
    region *r = context;
    parallel_region(r->e, run_region, r);
}

static bool region_is_complete(const region *r) {
    for (int i = 0; i < 40; i++) {
        int times = 0;
        for (int loop = 0; loop < r->loops; loop++)
            times += i <= loop % 40;
        if (r->tally.done[i] != times)
            return false;
    }
    return !atomic_load(&r->tally.clash);
}

static void test_many_loops_of_a_region(void **state) {
    (void)state;
    for (int threads = 1; threads <= 4; threads++) {
        region r = {.loops = 4000, .tally.threads = threads};
        assert_ok(engine_new(threads, &r.e));
        parallel_region(r.e, run_inner_region, &r); /* a region in a region is a call */
        assert_true(region_is_complete(&r));
        engine_free(r.e);
    }
}

static double processor_seconds(void) {
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    return (double)use.ru_utime.tv_sec + (double)use.ru_stime.tv_sec +
           1e-6 * (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
}

/* Between loops, and when one item takes long, the others sleep: they use no processor, and come back. */
static void test_idle_threads_sleep(void **state) {
    (void)state;
    region r = {.loops = 10, .pause = 100, .tally.threads = 3};
    assert_ok(engine_new(3, &r.e));
    double before = processor_seconds();
    parallel_region(r.e, run_region, &r);
    assert_true(region_is_complete(&r));
    /* 1 s went by; threads that spun would have used it twice, where there are processors for them. */
    assert_true(processor_seconds() - before < 0.5);
    engine_free(r.e);

    region slow = {.loops = 40, .tally.threads = 3, .tally.pause = 10};
    assert_ok(engine_new(3, &slow.e));
    before = processor_seconds();
    parallel_region(slow.e, run_region, &slow);
    assert_true(region_is_complete(&slow));
    assert_true(processor_seconds() - before < 0.3);
    engine_free(slow.e);
}

/* --- several callers --- */

static void *call_loops(void *context) {
    engine *e;
    bool *complete = context;
    if (engine_new(2, &e) != STATUS_OK)
        return NULL;
    region r = {.e = e, .loops = 500, .tally.threads = 2};
    parallel_region(e, run_region, &r);
    *complete = region_is_complete(&r) && loops_are_complete(e);
    engine_free(e);
    return NULL;
}

static void test_several_engines_at_once(void **state) {
    (void)state;
    enum { CALLERS = 3 };
    pthread_t callers[CALLERS];
    bool complete[CALLERS] = {false};
    for (int i = 0; i < CALLERS; i++)
        assert_int_equal(pthread_create(&callers[i], NULL, call_loops, &complete[i]), 0);
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(callers[i], NULL);
        assert_true(complete[i]);
    }
}

/* A caller that is the third of a region of OpenMP is the first thread of its engine all the same. */
static void test_caller_in_an_openmp_region(void **state) {
    (void)state;
    enum { CALLERS = 3 };
    for (int threads = 1; threads <= 2; threads++) {
        engine *engines[CALLERS];
        bool complete[CALLERS] = {false};
        for (int i = 0; i < CALLERS; i++)
            assert_ok(engine_new(threads, &engines[i]));
        bool *results = complete;
#pragma omp parallel num_threads(CALLERS) firstprivate(engines, results)
        {
            int i = omp_get_thread_num();
            results[i] = loops_are_complete(engines[i]);
        }
        for (int i = 0; i < CALLERS; i++) {
            assert_true(complete[i]);
            engine_free(engines[i]);
        }
    }
}

/* --- what must not be --- */

typedef struct nesting {
    engine *e;
    bool asks_for_region; /* else for a loop */
} nesting;

static void do_nothing(void *context) {
    (void)context;
}

static void nest(const worker *w, void *context, int item) {
    (void)w, (void)item;
    const nesting *n = context;
    tally t = {.threads = MOST_THREADS};
    if (n->asks_for_region)
        parallel_region(n->e, do_nothing, NULL);
    else
        parallel_for(n->e, 2, count_item, &t);
}

static void test_nested_loops_are_asserted_against(void **state) {
    (void)state;
    for (int threads = 1; threads <= 2; threads++)
        for (int kind = 0; kind < 2; kind++) {
            int result;
            pid_t child = fork();
            assert_true(child >= 0);
            if (child == 0) {
                nesting n = {.asks_for_region = kind};
                signal(SIGABRT, SIG_DFL); /* cmocka catches it */
                alarm(20);
                if (!freopen("/dev/null", "w", stderr) || engine_new(threads, &n.e) != STATUS_OK)
                    _exit(1);
                parallel_for(n.e, 8, nest, &n);
                _exit(0);
            }
            assert_true(waitpid(child, &result, 0) == child);
            assert_true(WIFSIGNALED(result));
            assert_int_equal(WTERMSIG(result), SIGABRT);
        }
}

/* --- the host's settings --- */

static float tenth_of(float number) {
    volatile float x = number, share = 0.1f;
    return x * share;
}

typedef struct denormals {
    atomic_int flushed;
    int threads; /* each waits for the others, so that all of them take an item */
    atomic_int here;
} denormals;

static void meet_denormal(const worker *w, void *context, int item) {
    (void)w, (void)item;
    denormals *d = context;
    atomic_fetch_add(&d->here, 1);
    for (int turn = 0; turn < 2000 && atomic_load(&d->here) < d->threads; turn++)
        sleep_milliseconds(1);
    if (tenth_of(1e-38f) == 0)
        atomic_fetch_add(&d->flushed, 1);
}

static void test_denormals(void **state) {
    (void)state;
    assert_true(tenth_of(1e-38f) != 0);
    for (int threads = 1; threads <= 3; threads++) {
        engine *e;
        denormals d = {.threads = threads};
        assert_ok(engine_new(threads, &e));
        parallel_for(e, threads, meet_denormal, &d);
        assert_int_equal(atomic_load(&d.here), threads);
        assert_int_equal(atomic_load(&d.flushed), threads);
        assert_true(tenth_of(1e-38f) != 0);
        engine_free(e);
    }
}

static void note_blas_threads(void *context) {
    *(int *)context = openblas_get_parallel() == OPENBLAS_OPENMP ? omp_get_max_threads() : openblas_get_num_threads();
}

static void test_blas_threads(void **state) {
    (void)state;
    int before, inside = 0, after;
    engine *e;
    assert_ok(engine_new(2, &e));
    openblas_set_num_threads(2);
    note_blas_threads(&before);
    parallel_region(e, note_blas_threads, &inside);
    note_blas_threads(&after);
    assert_int_equal(inside, 1);
    assert_int_equal(after, before);
    /* The second hold ends last: what the host had comes back then. */
    blas_hold first = blas_threads_hold(), second = blas_threads_hold();
    blas_threads_release(first);
    note_blas_threads(&inside);
    blas_threads_release(second);
    note_blas_threads(&after);
    assert_true(inside == 1 || openblas_get_parallel() == OPENBLAS_OPENMP);
    assert_true(after == before || openblas_get_parallel() == OPENBLAS_OPENMP);
    engine_free(e);
}

/* While somebody holds the number. */
static void test_blas_threads_that_the_host_sets(void **state) {
    (void)state;
    int inside;
    if (openblas_get_parallel() != OPENBLAS_THREAD)
        skip();
    openblas_set_num_threads(2);
    blas_hold first = blas_threads_hold();
    openblas_set_num_threads(3);
    blas_threads_release(first);
    assert_int_equal(openblas_get_num_threads(), 3);
    first = blas_threads_hold();
    openblas_set_num_threads(2);
    blas_hold second = blas_threads_hold();
    note_blas_threads(&inside);
    blas_threads_release(second);
    blas_threads_release(first);
    assert_int_equal(inside, 1);
    assert_int_equal(openblas_get_num_threads(), 2);
}

typedef struct watched_loops {
    engine *e;
    pthread_t caller;
    int loops, announced, ended, elsewhere;
} watched_loops;

static void loop_begins(void *context, int count) {
    watched_loops *l = context;
    l->loops++;
    l->announced += count;
}

static void item_ended(void *context) {
    ((watched_loops *)context)->ended++;
}

static void note_thread(const worker *w, void *context, int item) {
    (void)item;
    watched_loops *l = context;
    l->elsewhere += w->thread != 0 || !pthread_equal(l->caller, pthread_self());
}

static void run_watched(void *context) {
    watched_loops *l = context;
    parallel_for(l->e, 1, note_thread, l);
    parallel_for(l->e, 20, note_thread, l);
}

/* Loops that are watched run on the caller, and are told of item by item; afterwards no longer. */
static void test_watch(void **state) {
    (void)state;
    watched_loops l = {.caller = pthread_self()};
    assert_ok(engine_new(3, &l.e));
    parallel_watch(l.e, &(loop_watch){loop_begins, item_ended, &l});
    parallel_region(l.e, run_watched, &l);
    parallel_for(l.e, 9, note_thread, &l);
    assert_true(l.loops == 3 && l.announced == 30 && l.ended == 30 && l.elsewhere == 0);
    parallel_watch(l.e, NULL);
    assert_true(loops_are_complete(l.e));
    assert_true(l.loops == 3 && l.ended == 30);
    engine_free(l.e);
}

/* It has none of the threads that OpenMP keeps for its next region: an engine from before the fork works, and a new one
 * does. */
static void test_forked_child(void **state) {
    (void)state;
    engine *before;
    int result;
    assert_ok(engine_new(3, &before));
    assert_true(loops_are_complete(before));
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        engine *own;
        alarm(60);
        _exit(loops_are_complete(before) && engine_new(3, &own) == STATUS_OK && loops_are_complete(own) ? 0 : 1);
    }
    assert_true(waitpid(child, &result, 0) == child);
    assert_true(WIFEXITED(result) && WEXITSTATUS(result) == 0);
    assert_true(loops_are_complete(before)); /* the parent has its threads still */
    engine_free(before);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_item_once),
        cmocka_unit_test(test_too_many_threads),
        cmocka_unit_test(test_many_loops_of_a_region),
        cmocka_unit_test(test_idle_threads_sleep),
        cmocka_unit_test(test_several_engines_at_once),
        cmocka_unit_test(test_caller_in_an_openmp_region),
        cmocka_unit_test(test_denormals),
        cmocka_unit_test(test_watch),
        cmocka_unit_test(test_blas_threads),
        cmocka_unit_test(test_blas_threads_that_the_host_sets),
        cmocka_unit_test(test_nested_loops_are_asserted_against),
        cmocka_unit_test(test_forked_child),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
