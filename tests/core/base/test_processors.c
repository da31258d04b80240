/* How many threads a process may keep busy, what its processor is called, and how much memory it may take, with control
 * groups as they look under a root of the test's. */
#include "core/base/memory_left.h"
#include "core/base/processors.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* A file under the test's root, with the folders that lead to it. */
static void put(const char *root, const char *name, const char *text) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", root, name);
    for (char *slash = strchr(path + strlen(root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static const char *new_root(char root[512]) {
    static int count;
    char name[32];
    snprintf(name, sizeof name, "root%d", count++);
    snprintf(root, 512, "%s", scratch_path(name));
    assert_int_equal(mkdir(root, 0700), 0);
    return root;
}

/* Groups count only where they allow fewer than there are processors. */
static int at_most(int quota) {
    char none[512];
    int all = processors_available(new_root(none));
    return quota < all ? quota : all;
}

static void test_no_groups(void **state) {
    (void)state;
    char root[512];
    cpu_set_t set;
    assert_int_equal(sched_getaffinity(0, sizeof set, &set), 0);
    assert_int_equal(processors_available(new_root(root)), CPU_COUNT(&set));
    assert_true(processors_available("") >= 1 && processors_available("") <= CPU_COUNT(&set));
}

static void test_affinity(void **state) {
    (void)state;
    char root[512];
    cpu_set_t set, one;
    assert_int_equal(sched_getaffinity(0, sizeof set, &set), 0);
    int first = 0;
    while (!CPU_ISSET(first, &set))
        first++;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(processors_available(new_root(root)), 1);
    assert_int_equal(sched_setaffinity(0, sizeof set, &set), 0);
}

static void test_openmp_threads(void **state) {
    (void)state;
    char root[512];
    static const char *const texts[] = {"1", "1,4,2", "100000", "0", "-2", "two", "", "1x"};
    for (int i = 0; i < 8; i++) {
        setenv("OMP_NUM_THREADS", texts[i], 1);
        int count = processors_available(new_root(root));
        unsetenv("OMP_NUM_THREADS");
        assert_int_equal(count, i < 2 ? 1 : at_most(100000));
    }
}

static void test_version_2(void **state) {
    (void)state;
    static const struct {
        const char *own, *above; /* cpu.max; NULL: no such file */
        int count;
    } cases[] = {{"100000 100000\n", "max 100000\n", 1},
                 {"max 100000\n", "50000 100000\n", 1},
                 {"100001 100000\n", "400000 100000\n", 2}, /* a little more than one processor */
                 {"max 100000\n", NULL, 100000},
                 {NULL, NULL, 100000},
                 {"nonsense\n", "-5 0\n", 100000}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char root[512];
        put(new_root(root), "proc/self/cgroup", "0::/slice/job\n");
        if (cases[i].own)
            put(root, "sys/fs/cgroup/slice/job/cpu.max", cases[i].own);
        if (cases[i].above)
            put(root, "sys/fs/cgroup/slice/cpu.max", cases[i].above);
        assert_int_equal(processors_available(root), at_most(cases[i].count));
    }
}

static void test_version_1(void **state) {
    (void)state;
    char root[512];
    put(new_root(root), "proc/self/cgroup", "3:memory:/box\n2:cpuset:/\n1:cpu,cpuacct:/box\n0::/\n");
    put(root, "sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us", "-1\n");
    put(root, "sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_period_us", "100000\n");
    assert_int_equal(processors_available(root), at_most(100000));
    put(root, "sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us", "80000\n");
    assert_int_equal(processors_available(root), 1);
}

/* A container sees its own group as the topmost one, whatever its name outside. */
static void test_in_a_container(void **state) {
    (void)state;
    char root[512];
    put(new_root(root), "proc/self/cgroup", "1:cpu,cpuacct:/docker/4b1d\n");
    put(root, "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "50000\n");
    put(root, "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "50000\n");
    assert_int_equal(processors_available(root), 1);
}

static void test_memory(void **state) {
    (void)state;
    char root[512];
    assert_true(memory_left(new_root(root)) == INT64_MAX);
    put(root, "proc/meminfo", "MemTotal:  16000 kB\nMemFree:  100 kB\nMemAvailable:   8000 kB\n");
    assert_int_equal(memory_left(root), 8000 * 1024);
    put(root, "proc/self/cgroup", "0::/slice/job\n");
    put(root, "sys/fs/cgroup/slice/job/memory.max", "max\n");
    assert_int_equal(memory_left(root), 8000 * 1024);
    put(root, "sys/fs/cgroup/slice/memory.max", "1000000\n");
    assert_int_equal(memory_left(root), 1000000);
    put(new_root(root), "proc/self/cgroup", "3:memory:/box\n1:cpu,cpuacct:/box\n");
    put(root, "sys/fs/cgroup/memory/box/memory.limit_in_bytes", "2000000\n");
    assert_int_equal(memory_left(root), 2000000);
    assert_true(memory_left("") > 0);
}

/* Processors without a model name have that of their architecture. */
static void test_name(void **state) {
    (void)state;
    char root[512], name[PROCESSOR_NAME], unnamed[PROCESSOR_NAME];
    put(new_root(root), "proc/cpuinfo",
        "processor\t: 0\nmodel\t\t: 17\nmodel name\t: A CPU @ 3 GHz\n\nmodel name\t: B\n");
    processor_name(root, name);
    assert_string_equal(name, "A CPU @ 3 GHz");
    put(new_root(root), "proc/cpuinfo", "processor\t: 0\nFeatures\t: fp asimd\n");
    processor_name(root, unnamed);
    processor_name(new_root(root), name);
    assert_true(*name != '\0');
    assert_string_equal(name, unnamed);
}

int main(void) {
    unsetenv("OMP_NUM_THREADS");
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_groups), cmocka_unit_test(test_affinity),  cmocka_unit_test(test_openmp_threads),
        cmocka_unit_test(test_version_2), cmocka_unit_test(test_version_1), cmocka_unit_test(test_in_a_container),
        cmocka_unit_test(test_memory),    cmocka_unit_test(test_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
