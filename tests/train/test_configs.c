/* The configurations that come with the project: every one can be read, and is what its name says. */
#include "modules/detector.h"
#include "tests/expect.h"
#include "train/rules/schedule.h"
#include "train/train_config.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>

/* Those of the eval-* programs, which test_experiments.sh and test_eval_programs.sh read. */
static bool is_experiment(const char *path) {
    static const char *const names[] = {"channels", "figures", "noise", "published", "speed", "stages", "table"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char own[64];
        snprintf(own, sizeof own, "configs/%s.ini", names[i]);
        if (!strcmp(path, own))
            return true;
    }
    return false;
}

static void with_each(const char *pattern, size_t expected, void (*check)(const char *path, const config *c)) {
    glob_t found;
    assert_int_equal(glob(pattern, 0, NULL, &found), 0);
    size_t count = 0;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        config *c;
        if (is_experiment(found.gl_pathv[i]))
            continue;
        count++;
        assert_ok(train_config_read(found.gl_pathv[i], NULL, 0, &c));
        check(found.gl_pathv[i], c);
        config_free(c);
    }
    assert_true(count >= expected);
    globfree(&found);
}

static void check_schedule(const char *path, const config *c) {
    schedule s;
    (void)path;
    assert_ok(schedule_read(c, 10, &s));
    if (s.kind == SCHEDULE_STEPS) /* all milestones are reached */
        assert_true(s.milestones[s.milestone_count - 1] < s.work);
}

static void test_all_are_read(void **state) {
    (void)state;
    with_each("configs/*.ini", 21, check_schedule);
}

static void check_set(const char *path, const config *c, const char *suffix, const char *set) {
    char root[64];
    if (!strstr(path, suffix))
        return;
    snprintf(root, sizeof root, "data/%s", set);
    assert_string_equal(config_text(c, "data.root"), root);
}

/* configs/METHOD_SET.ini */
static void check_name(const char *path, const config *c) {
    const char *method = config_text(c, "model.name");
    if (strncmp(path + strlen("configs/"), method, strlen(method)) != 0)
        fail_msg("%s configures %s", path, method);
    check_set(path, c, "_nudt.ini", "NUDT-SIRST");
    check_set(path, c, "_irstd1k.ini", "IRSTD-1k");
    check_set(path, c, "_sirst.ini", "SIRST");
    check_set(path, c, "_sirst_aug.ini", "sirst_aug");
}

static void test_names(void **state) {
    (void)state;
    static const char *const methods[] = {"rpcanet", "mshnet", "agpcnet", "uiunet"};
    for (int i = 0; i < 4; i++) {
        char pattern[64];
        snprintf(pattern, sizeof pattern, "configs/%s_*.ini", methods[i]);
        with_each(pattern, 4, check_name);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_are_read),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
