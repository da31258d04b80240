/* Threads that read and write different files at once: one at a time is in HDF5, and a program's own settings of HDF5
 * stay as they are. Debian's HDF5 locks itself, others do not: so the calls are watched on their way to the library. */
#include "core/io/hdf5_io.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <dlfcn.h>
#include <hdf5.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static atomic_int inside, together; /* threads in HDF5 now; calls that found another thread there */
static atomic_long slowness;        /* milliseconds that the next call takes longer */

static void enter(void) {
    if (atomic_fetch_add(&inside, 1) > 0)
        atomic_fetch_add(&together, 1);
    sched_yield();
    long more = atomic_exchange(&slowness, 0);
    if (more > 0)
        nanosleep(&(struct timespec){more / 1000, more % 1000 * 1000000}, NULL);
}

static void leave(void) {
    atomic_fetch_sub(&inside, 1);
}

/* These stand in front of the library's functions of the same names. */
herr_t H5Dread(hid_t dataset, hid_t type, hid_t in_memory, hid_t in_file, hid_t transfer, void *data) {
    herr_t (*next)(hid_t, hid_t, hid_t, hid_t, hid_t, void *);
    *(void **)&next = dlsym(RTLD_NEXT, "H5Dread");
    enter();
    herr_t result = next(dataset, type, in_memory, in_file, transfer, data);
    leave();
    return result;
}

herr_t H5Dwrite(hid_t dataset, hid_t type, hid_t in_memory, hid_t in_file, hid_t transfer, const void *data) {
    herr_t (*next)(hid_t, hid_t, hid_t, hid_t, hid_t, const void *);
    *(void **)&next = dlsym(RTLD_NEXT, "H5Dwrite");
    enter();
    herr_t result = next(dataset, type, in_memory, in_file, transfer, data);
    leave();
    return result;
}

hid_t H5Dopen2(hid_t place, const char *name, hid_t access) {
    hid_t (*next)(hid_t, const char *, hid_t);
    *(void **)&next = dlsym(RTLD_NEXT, "H5Dopen2");
    enter();
    hid_t result = next(place, name, access);
    leave();
    return result;
}

enum { THREADS = 4, FILES = 8, NUMBERS = 4096 };

typedef struct worker {
    pthread_t thread;
    char path[512];
    int first;
    const char *fault; /* cmocka's asserts belong to the main thread */
} worker;

static status write_file(const char *path, int first) {
    static const h5_shape shape = {1, {NUMBERS}};
    int32_t numbers[NUMBERS];
    h5_file *file;
    for (int i = 0; i < NUMBERS; i++)
        numbers[i] = first + i;
    TRY(h5_create(path, &file));
    status code = h5_write_compressed(file, "group/numbers", H5_INT32, &shape, numbers);
    if (code == STATUS_OK)
        code = h5_write_attribute_int(file, "group", "first", first);
    if (code == STATUS_OK)
        return h5_commit(file);
    h5_close(file);
    return code;
}

static status count_one(void *count, const char *dataset) {
    (void)dataset;
    ++*(int *)count;
    return STATUS_OK;
}

static status read_file(const char *path, int first, const char **fault) {
    int32_t numbers[NUMBERS];
    int64_t stored;
    int datasets = 0;
    h5_file *file;
    TRY(h5_open(path, &file));
    status code = h5_read(file, "group/numbers", H5_INT32, NUMBERS, numbers);
    if (code == STATUS_OK)
        code = h5_read_attribute_int(file, "group", "first", &stored);
    if (code == STATUS_OK)
        code = h5_each_dataset(file, "/", count_one, &datasets);
    for (int i = 0; code == STATUS_OK && i < NUMBERS; i++)
        if (numbers[i] != first + i)
            *fault = "another file's numbers";
    if (code == STATUS_OK && (stored != first || datasets != 1))
        *fault = "another file's attribute or datasets";
    if (h5_read(file, "nowhere", H5_INT32, 1, numbers) == STATUS_OK || strstr(status_message(), "nowhere") == NULL)
        *fault = "no message, or another's, for a dataset that is missing";
    h5_close(file);
    return code;
}

static void *write_and_read(void *context) {
    worker *w = context;
    for (int i = 0; i < FILES && !w->fault; i++)
        if (write_file(w->path, w->first + i) != STATUS_OK || read_file(w->path, w->first + i, &w->fault) != STATUS_OK)
            w->fault = "a file that cannot be written or read";
    return NULL;
}

static void test_files_at_once(void **state) {
    (void)state;
    static worker workers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        char name[32];
        snprintf(name, sizeof name, "file%d.h5", i);
        snprintf(workers[i].path, sizeof workers[i].path, "%s", scratch_path(name));
        workers[i].first = 1000000 * i;
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&workers[i].thread, NULL, write_and_read, &workers[i]), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        if (workers[i].fault)
            fail_msg("thread %d: %s", i, workers[i].fault);
    assert_int_equal(together, 0);
}

static void *read_once(void *context) {
    worker *w = context;
    if (read_file(w->path, w->first, &w->fault) != STATUS_OK)
        w->fault = "a file that cannot be read";
    return NULL;
}

/* A child does not wait for the turn of a thread that it does not have. */
static void test_fork_while_another_thread_reads(void **state) {
    (void)state;
    worker other = {.first = 7};
    const char *fault = NULL;
    int result;
    snprintf(other.path, sizeof other.path, "%s", scratch_path("fork.h5"));
    assert_ok(write_file(other.path, other.first));
    atomic_store(&slowness, 300);
    assert_int_equal(pthread_create(&other.thread, NULL, read_once, &other), 0);
    while (atomic_load(&slowness) != 0) /* until the call has begun */
        sched_yield();
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        alarm(20);
        /* Not _exit, in which ThreadSanitizer would miss the thread that stayed with the parent. */
        quick_exit(read_file(other.path, other.first, &fault) == STATUS_OK && !fault ? 0 : 1);
    }
    assert_true(waitpid(child, &result, 0) == child);
    assert_int_equal(pthread_join(other.thread, NULL), 0);
    assert_true(WIFEXITED(result) && WEXITSTATUS(result) == 0);
    assert_null(other.fault);
}

static herr_t own_printing(hid_t stack, void *context) {
    (void)stack;
    (void)context;
    return 0;
}

static void test_error_printing_is_given_back(void **state) {
    (void)state;
    H5E_auto2_t printing;
    void *context;
    int here;
    h5_file *file;
    assert_true(H5Eset_auto2(H5E_DEFAULT, own_printing, &here) >= 0);
    assert_fails(h5_open(scratch_file("text.h5", "text", 4), &file), STATUS_INPUT, "text.h5", "not an HDF5 file");
    assert_true(H5Eget_auto2(H5E_DEFAULT, &printing, &context) >= 0);
    assert_true(printing == own_printing && context == &here);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_at_once),
        cmocka_unit_test(test_fork_while_another_thread_reads),
        cmocka_unit_test(test_error_printing_is_given_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
