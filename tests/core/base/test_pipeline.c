/* Items on several threads that come out as if one had done them: order, seats, what may overlap and what may not, and
 * what is left when one fails. */
#include "core/base/pipeline.h"
#include "tests/expect.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

enum { MOST = 200, MOST_SEATS = 8 };

typedef enum step { READ, COMPUTE, RECORD, WRITE, NOWHERE } step;

/* What is seen of all items. */
typedef struct watch {
    int seats;
    pipeline_need (*need)(int index);
    int end; /* the item that does not exist any more; 0: none */
    step fail_at[MOST];
    pthread_t caller;
    /* Changed by one step at a time, in order: no lock. */
    int read, recorded, finished;
    bool failed[MOST]; /* as finish was told */
    long sum;          /* of what was recorded and not failed */
    /* Changed by several threads. */
    atomic_int in_memory, most_in_memory, computing, written[MOST];
    atomic_bool seat_taken[MOST_SEATS + 1];
    atomic_bool wrong; /* something happened that must not */
} watch;

typedef struct item {
    int index;
    pipeline_need need;
    long result;
} item;

static void demand(watch *w, bool good) {
    if (!good)
        atomic_store(&w->wrong, true);
}

static void pause_a_little(int index) {
    nanosleep(&(struct timespec){0, index * 7919 % 13 * 20000}, NULL);
}

static status fail_here(const watch *w, int index, step here) {
    return w->fail_at[index] == here ? status_fail(STATUS_INPUT, "item %d, step %d", index, here) : STATUS_OK;
}

static status read_item(void *context, int index, void *memory, pipeline_need *need) {
    watch *w = context;
    item *i = memory;
    demand(w, index == w->read && i->result == 0);
    if (w->end > 0 && index == w->end) {
        *need = PIPELINE_END;
        return STATUS_OK;
    }
    w->read++;
    int now = atomic_fetch_add(&w->in_memory, 1) + 1;
    int most = atomic_load(&w->most_in_memory);
    while (now > most && !atomic_compare_exchange_weak(&w->most_in_memory, &most, now)) {
    }
    *i = (item){.index = index, .need = w->need ? w->need(index) : PIPELINE_SEAT};
    *need = i->need;
    return fail_here(w, index, READ);
}

static status compute_item(void *context, int seat, void *memory) {
    watch *w = context;
    item *i = memory;
    bool shared = i->need == PIPELINE_SEAT;
    int others = atomic_fetch_add(&w->computing, 1);
    demand(w, shared ? seat >= 0 && seat < w->seats : seat == w->seats);
    demand(w, shared ? others < w->seats : others == 0);
    demand(w, shared || pthread_equal(pthread_self(), w->caller));
    demand(w, i->need != PIPELINE_ALONE || (atomic_load(&w->in_memory) == 1 && w->finished == i->index));
    demand(w, !atomic_exchange(&w->seat_taken[seat], true));
    pause_a_little(i->index);
    i->result = 3L * i->index + 1;
    atomic_store(&w->seat_taken[seat], false);
    atomic_fetch_sub(&w->computing, 1);
    return fail_here(w, i->index, COMPUTE);
}

static status record_item(void *context, void *memory) {
    watch *w = context;
    item *i = memory;
    demand(w, i->index == w->recorded && i->result == 3L * i->index + 1);
    w->recorded++;
    return fail_here(w, i->index, RECORD);
}

static status write_item(void *context, void *memory) {
    watch *w = context;
    item *i = memory;
    pause_a_little(i->index + 5);
    atomic_fetch_add(&w->written[i->index], 1);
    return fail_here(w, i->index, WRITE);
}

static void finish_item(void *context, int index, void *memory, bool failed) {
    watch *w = context;
    item *i = memory;
    demand(w, index == w->finished && i->index == index);
    w->finished++;
    w->failed[index] = failed;
    w->sum += failed ? 0 : i->result;
    atomic_fetch_sub(&w->in_memory, 1);
}

static status run(watch *w, int count) {
    w->caller = pthread_self();
    return pipeline_run(&(pipeline){.count = count,
                                    .seats = w->seats,
                                    .item_size = sizeof(item),
                                    .context = w,
                                    .read = read_item,
                                    .compute = compute_item,
                                    .record = record_item,
                                    .write = write_item,
                                    .finish = finish_item});
}

static watch watched(int seats, pipeline_need (*need)(int index)) {
    watch w = {.seats = seats, .need = need};
    for (int i = 0; i < MOST; i++)
        w.fail_at[i] = NOWHERE;
    return w;
}

static void expect_all(watch *w, int count) {
    assert_ok(run(w, w->end > 0 ? INT_MAX : count));
    assert_false(atomic_load(&w->wrong));
    assert_true(w->read == count && w->recorded == count && w->finished == count);
    for (int i = 0; i < count; i++)
        assert_true(!w->failed[i] && atomic_load(&w->written[i]) == 1);
    assert_int_equal(w->sum, 3L * count * (count - 1) / 2 + count);
    assert_true(atomic_load(&w->most_in_memory) <= w->seats + w->seats / 2 + 1);
}

static pipeline_need mixed(int index) {
    return index % 7 == 3 ? PIPELINE_SEATS : index % 11 == 5 ? PIPELINE_ALONE : PIPELINE_SEAT;
}

static pipeline_need always_alone(int index) {
    (void)index;
    return PIPELINE_ALONE;
}

static void test_all_items_in_order(void **state) {
    (void)state;
    static const int counts[] = {0, 1, 2, 5, MOST};
    for (int seats = 1; seats <= MOST_SEATS; seats += seats < 4 ? 1 : 4)
        for (int i = 0; i < 5; i++) {
            watch same = watched(seats, NULL), different = watched(seats, mixed);
            expect_all(&same, counts[i]);
            expect_all(&different, counts[i]);
        }
}

/* How many there are is only known when they are over. */
static void test_end_is_found(void **state) {
    (void)state;
    for (int seats = 1; seats <= 4; seats++)
        for (int end = 1; end < 60; end += 7) {
            watch w = watched(seats, mixed);
            w.end = end;
            expect_all(&w, end);
        }
}

static void test_alone_is_alone(void **state) {
    (void)state;
    watch w = watched(4, always_alone);
    expect_all(&w, 20);
    assert_int_equal(atomic_load(&w.most_in_memory), 1);
}

static void test_first_failure_counts(void **state) {
    (void)state;
    enum { COUNT = 40, FIRST = 17 };
    for (step where = READ; where < NOWHERE; where++)
        for (int seats = 1; seats <= 4; seats++) {
            watch w = watched(seats, mixed);
            w.fail_at[FIRST] = where;
            w.fail_at[FIRST + 1] = READ; /* may happen earlier */
            char message[64];
            snprintf(message, sizeof message, "item %d, step %d", FIRST, where);
            assert_fails(run(&w, COUNT), STATUS_INPUT, message, "");
            assert_false(atomic_load(&w.wrong));
            assert_true(w.finished == w.read && w.finished > FIRST && atomic_load(&w.in_memory) == 0);
            assert_true(w.read <= FIRST + 1 + seats + seats / 2 + 1); /* nothing is begun in vain */
            for (int i = 0; i < w.finished; i++)
                assert_true(w.failed[i] == (i >= FIRST) && (i >= FIRST || atomic_load(&w.written[i]) == 1));
        }
}

/* --- what overlaps --- */

/* Item 0 is written only after item 1 was computed and item 2 read. */
typedef struct meeting {
    atomic_int computed, read;
} meeting;

static bool comes(atomic_int *event) {
    for (int i = 0; i < 20000 && !atomic_load(event); i++)
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    return atomic_load(event);
}

static status read_and_tell(void *context, int index, void *memory, pipeline_need *need) {
    (void)need;
    *(int *)memory = index;
    if (index == 2)
        atomic_store(&((meeting *)context)->read, 1);
    return STATUS_OK;
}

static status compute_and_tell(void *context, int seat, void *memory) {
    (void)seat;
    if (*(int *)memory == 1)
        atomic_store(&((meeting *)context)->computed, 1);
    return STATUS_OK;
}

static status record_nothing(void *context, void *memory) {
    (void)context;
    (void)memory;
    return STATUS_OK;
}

static status write_when_told(void *context, void *memory) {
    meeting *m = context;
    if (*(int *)memory == 0 && (!comes(&m->computed) || !comes(&m->read)))
        return status_fail(STATUS_OUTPUT, "nothing happens while an item is written");
    return STATUS_OK;
}

static void finish_nothing(void *context, int index, void *memory, bool failed) {
    (void)context;
    (void)index;
    (void)memory;
    (void)failed;
}

static void test_writing_holds_nobody_up(void **state) {
    (void)state;
    meeting m = {0};
    assert_ok(pipeline_run(&(pipeline){.count = 3,
                                       .seats = 2,
                                       .item_size = sizeof(int),
                                       .context = &m,
                                       .read = read_and_tell,
                                       .compute = compute_and_tell,
                                       .record = record_nothing,
                                       .write = write_when_told,
                                       .finish = finish_nothing}));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_items_in_order),      cmocka_unit_test(test_end_is_found),
        cmocka_unit_test(test_alone_is_alone),          cmocka_unit_test(test_first_failure_counts),
        cmocka_unit_test(test_writing_holds_nobody_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
