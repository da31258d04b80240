/* Every ini of configs/ is read by the program that it is for: a key that was renamed or dropped is found here. */
#include "core/io/file_io.h"
#include "eval/experiments/experiment.h"
#include "eval/experiments/noise_experiment.h"
#include "eval/experiments/published.h"
#include "eval/experiments/speed_experiment.h"
#include "eval/figures/figures.h"
#include "tests/expect.h"
#include "tests/support.h"
#include "train/train_config.h"

#include <stdio.h>

enum { MOST_OVERRIDES = 64 };

static char set_path[512];

/* A set of one sample: the real ones, and the checkpoints, are not here. */
static void make_set(void) {
    char path[4096];
    snprintf(set_path, sizeof set_path, "%s", scratch_path("set"));
    static const char *const files[] = {"test.txt", "trainval.txt", "images/x.png", "masks/x.png"};
    assert_ok(path_join(path, set_path, "images", ""));
    assert_ok(folder_create(path));
    assert_ok(path_join(path, set_path, "masks", ""));
    assert_ok(folder_create(path));
    for (int i = 0; i < 4; i++) {
        assert_ok(path_join(path, set_path, files[i], ""));
        assert_ok(file_write(path, "x\n", 2));
    }
}

typedef struct override_list {
    char text[MOST_OVERRIDES][700];
    const char *items[MOST_OVERRIDES];
    int count;
} override_list;

static void add_overrides(const config *c, const char *section, const char *value, override_list *list) {
    name_list names;
    assert_ok(config_undeclared_names(c, section, &names));
    for (int i = 0; i < names.count; i++) {
        assert_true(list->count < MOST_OVERRIDES);
        snprintf(list->text[list->count], sizeof list->text[0], "%s.%s=%s", section, names.names[i], value);
        list->items[list->count] = list->text[list->count];
        list->count++;
    }
    name_list_free(&names);
}

static bool has_section(const config *c, const char *section) {
    name_list names;
    assert_ok(config_undeclared_names(c, section, &names));
    bool has = names.count > 0;
    name_list_free(&names);
    return has;
}

static const config_key table_keys[] = {
    {"table.published", CONFIG_TEXT, "configs/published.ini", 0, 0, NULL, "", "the published figures"},
};

static void read_experiment(const char *path, const config *raw) {
    static const struct {
        const char *section;
        const config_key *keys;
        const int *count;
    } programs[] = {{"noise", noise_keys, &noise_key_count},
                    {"speed", speed_keys, &speed_key_count},
                    {"figures", figures_keys, &figures_key_count}};
    const config_key *keys = table_keys;
    int count = 1;
    for (int i = 0; i < 3; i++)
        if (has_section(raw, programs[i].section)) {
            keys = programs[i].keys;
            count = *programs[i].count;
        }
    override_list list = {.count = 0};
    add_overrides(raw, "data", set_path, &list);
    add_overrides(raw, "checkpoint", "", &list);
    experiment *e;
    if (experiment_read(path, list.items, list.count, keys, count, &e) != STATUS_OK)
        fail_msg("%s", status_message());
    experiment_free(e);
}

static void read_training(const char *path) {
    char root[600];
    config *c;
    snprintf(root, sizeof root, "data.root=%s", set_path);
    const char *overrides[] = {root};
    if (train_config_read(path, overrides, 1, &c) != STATUS_OK)
        fail_msg("%s", status_message());
    config_free(c);
}

static void test_every_config_is_read(void **state) {
    (void)state;
    name_list files;
    int experiments = 0, trainings = 0;
    make_set();
    assert_ok(folder_list("configs", ".ini", &files));
    for (int i = 0; i < files.count; i++) {
        char path[4096];
        config *raw;
        assert_ok(path_join(path, "configs", files.names[i], ""));
        assert_ok(config_new(&raw));
        assert_ok(config_load(raw, path));
        if (has_section(raw, "methods")) {
            read_experiment(path, raw);
            experiments++;
        } else if (has_section(raw, "model")) {
            read_training(path);
            trainings++;
        } else {
            published *p;
            assert_ok(published_read(path, &p));
            published_free(p);
        }
        config_free(raw);
    }
    assert_int_equal(files.count, experiments + trainings + 1);
    assert_true(experiments >= 6 && trainings >= 20);
    name_list_free(&files);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_config_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
