/* One process at a time in a folder, and nothing left by one that died. */
#include "core/io/file_io.h"
#include "core/io/folder_lock.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_second_is_refused(void **state) {
    (void)state;
    const char *folder = scratch_path("run");
    folder_lock first, second;
    char holder[64];
    snprintf(holder, sizeof holder, "in use by process %ld on ", (long)getpid());
    assert_ok(folder_create(folder));
    assert_ok(folder_lock_take(folder, &first));
    assert_fails(folder_lock_take(folder, &second), STATUS_USAGE, folder, holder);
    folder_lock_release(&second); /* holds nothing */
    folder_lock_release(&first);
    name_list names;
    assert_ok(folder_list(folder, "", &names));
    assert_int_equal(names.count, 0);
    assert_ok(folder_lock_take(folder, &second));
    folder_lock_release(&second);
    assert_fails(folder_lock_take(scratch_path("nowhere"), &first), STATUS_OUTPUT, "nowhere", "No such file");
}

static void test_a_dead_holder_does_not_block(void **state) {
    (void)state;
    char folder[4096];
    int ready[2];
    folder_lock lock;
    snprintf(folder, sizeof folder, "%s", scratch_path("killed"));
    assert_ok(folder_create(folder));
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        char taken = folder_lock_take(folder, &lock) == STATUS_OK;
        if (write(ready[1], &taken, 1) == 1)
            pause();
        _exit(1);
    }
    char taken = 0;
    assert_int_equal(read(ready[0], &taken, 1), 1);
    assert_true(taken);
    assert_fails(folder_lock_take(folder, &lock), STATUS_USAGE, folder, "in use by process");
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    assert_ok(folder_lock_take(folder, &lock));
    folder_lock_release(&lock);
    close(ready[0]);
    close(ready[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_second_is_refused),
        cmocka_unit_test(test_a_dead_holder_does_not_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
