/* Configuration: declaring, ini files, overrides, and the messages of everything that can be wrong. */
#include "core/config/config.h"
#include "core/config/same_value.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const config_key train_keys[] = {
    {"train.epochs", CONFIG_INT, "400", 1, 100000, NULL, "", "passes over the training set"},
    {"train.learning_rate", CONFIG_REAL, "1e-4", 0, 1, NULL, "", "of Adam"},
    {"train.checkpointing", CONFIG_FLAG, "no", 0, 0, NULL, "", "trade time for memory"},
    {"data.root", CONFIG_TEXT, NULL, 0, 0, NULL, "", "folder or pack"},
    {"train.schedule", CONFIG_CHOICE, "poly", 0, 0, "poly|constant", "", "of the learning rate"},
    {"train.patience", CONFIG_INT, "0", 0, INFINITY, NULL, "epochs", "0 for none"},
};
static const config_key model_keys[] = {
    {"model.stages", CONFIG_INT, "6", 1, 32, NULL, "", "K"},
};

static config *new_config(void) {
    config *c;
    assert_ok(config_new(&c));
    assert_ok(config_declare(c, train_keys, sizeof train_keys / sizeof *train_keys));
    return c;
}

static const char *ini(const char *text) {
    return scratch_file("test.ini", text, strlen(text));
}

/* Loads `text`, then checks; the failure must be a single line that holds both parts. */
static void expect_refused(const char *text, const char *a, const char *b) {
    config *c = new_config();
    status result = config_load(c, ini(text));
    if (result == STATUS_OK)
        result = config_check(c);
    assert_int_equal(result, STATUS_USAGE);
    expect_message(a, b);
    config_free(c);
}

static void test_defaults_file_overrides(void **state) {
    (void)state;
    config *c = new_config();
    assert_int_equal(config_int(c, "train.epochs"), 400);
    assert_true(config_real(c, "train.learning_rate") == 1e-4);
    assert_false(config_flag(c, "train.checkpointing"));
    assert_string_equal(config_value(c, "train.checkpointing"), "false");
    assert_fails(config_check(c), STATUS_USAGE, "data.root", "folder or pack");
    assert_ok(config_load(c, ini("\xef\xbb\xbf# a comment\n; another\n\n[train]\n  epochs=10 ; inline\r\n"
                                 "\tcheckpointing : YES\n[data]\nroot = /data/a b#c  \n[train]\nschedule = constant")));
    assert_ok(config_check(c));
    assert_int_equal(config_int(c, "train.epochs"), 10);
    assert_true(config_flag(c, "train.checkpointing"));
    assert_string_equal(config_text(c, "data.root"), "/data/a b#c");
    assert_string_equal(config_text(c, "train.schedule"), "constant");
    assert_ok(config_override(c, "train.epochs=20"));
    assert_ok(config_override(c, " train.epochs = +021 "));
    assert_int_equal(config_int(c, "train.epochs"), 21);
    assert_string_equal(config_value(c, "train.epochs"), "21");
    assert_ok(config_override(c, "data.root=/x=y"));
    assert_string_equal(config_text(c, "data.root"), "/x=y");
    assert_ok(config_override(c, "data.root="));
    assert_string_equal(config_text(c, "data.root"), "");
    assert_ok(config_set(c, "train.learning_rate", "0.25", "checkpoint.h5"));
    assert_true(config_real(c, "train.learning_rate") == 0.25);
    assert_int_equal(config_count(c), 6);
    assert_string_equal(config_key_at(c, 5)->unit, "epochs");
    assert_true(config_is_declared(c, "data.root"));
    assert_false(config_is_declared(c, "data.roo"));
    assert_true(config_is_given(c, "train.learning_rate"));
    assert_false(config_is_given(c, config_key_at(c, 5)->name));
    assert_false(config_is_given(c, "data.roo"));
    config_free(c);
    config_free(NULL);
}

/* Lines that end as on Windows and old Macs; comments behind a section. */
static void test_line_ends(void **state) {
    (void)state;
    config *c = new_config();
    assert_ok(config_load(c, ini("# a comment\r[train] ; which\repochs = 7\r\rpatience = 3 ; why\r")));
    assert_ok(config_load(c, ini("[data]#which\r\nroot = x \r\n\r\n[train]\t\r\nschedule : constant\n")));
    assert_int_equal(config_int(c, "train.epochs"), 7);
    assert_int_equal(config_int(c, "train.patience"), 3);
    assert_string_equal(config_text(c, "data.root"), "x");
    expect_refused("[train]\r\rzebra\r", "test.ini:3:", "key = value");
    config_free(c);
}

static void test_keys_declared_after_loading(void **state) {
    (void)state;
    config *c = new_config();
    assert_ok(config_load(c, ini("[model]\nstages = 3\n[data]\nroot = x\n")));
    assert_ok(config_override(c, "model.stages=4"));
    assert_fails(config_check(c), STATUS_USAGE, "model.stages", "unknown key");
    assert_ok(config_declare(c, model_keys, 1));
    assert_int_equal(config_int(c, "model.stages"), 4);
    assert_ok(config_check(c));
    config_free(c);

    c = new_config();
    assert_ok(config_load(c, ini("[model]\nstages = 33\n")));
    assert_fails(config_declare(c, model_keys, 1), STATUS_USAGE, "test.ini:2: model.stages = 33",
                 "expected an integer in 1..32");
    config_free(c);
}

static void test_bad_values(void **state) {
    (void)state;
    expect_refused("[train]\nepochs = x1\n", "test.ini:2: train.epochs = x1", ": expected an integer in 1..100000");
    static const char *const bad_integers[] = {"", "0", "100001", "1.5", "1e3", "7 8", "99999999999999999999", "0x10"};
    static const char *const bad_reals[] = {"", "-0.1", "1.01", "nan", "inf", "0.1x", "1e", "0x1p-1", "1e-4 # note"};
    static const char *const bad_flags[] = {"", "2", "yess", "truefalse", "y"};
    static const char *const bad_choices[] = {"", "pol", "polyx", "poly|constant", "constant ant", "|"};
    char text[128];
    for (size_t i = 0; i < sizeof bad_integers / sizeof *bad_integers; i++) {
        snprintf(text, sizeof text, "[train]\nepochs = %s\n", bad_integers[i]);
        expect_refused(text, "test.ini:2: train.epochs", "expected an integer in 1..100000");
    }
    for (size_t i = 0; i < sizeof bad_reals / sizeof *bad_reals; i++) {
        snprintf(text, sizeof text, "\n\n[train]\nlearning_rate = %s\n", bad_reals[i]);
        expect_refused(text, "test.ini:4: train.learning_rate", "expected a number in 0..1");
    }
    for (size_t i = 0; i < sizeof bad_flags / sizeof *bad_flags; i++) {
        snprintf(text, sizeof text, "[train]\ncheckpointing = %s\n", bad_flags[i]);
        expect_refused(text, "test.ini:2: train.checkpointing", "expected true or false");
    }
    for (size_t i = 0; i < sizeof bad_choices / sizeof *bad_choices; i++) {
        snprintf(text, sizeof text, "[train]\nschedule = %s\n", bad_choices[i]);
        expect_refused(text, "test.ini:2: train.schedule", "expected one of poly");
    }
    expect_refused("[train]\npatience = 99999999999999999999\n", "train.patience", "expected an integer of at least 0");
    expect_refused("[train]\npatience = -1\n", "train.patience = -1", "expected an integer of at least 0");
    expect_refused("[train]\nepochs = 5 # five\n", "5 # five", "starts with ;");
}

static void test_flag_words(void **state) {
    (void)state;
    static const char *const words[] = {"true", "yes", "on", "1", "TRUE", "false", "no", "off", "0", "Off"};
    for (int i = 0; i < 10; i++) {
        config *c = new_config();
        assert_ok(config_set(c, "train.checkpointing", words[i], "test"));
        assert_int_equal(config_flag(c, "train.checkpointing"), i < 5);
        config_free(c);
    }
}

/* By what they mean, not by how they are written. */
static void test_same_values(void **state) {
    (void)state;
    static const struct {
        const char *key, *value;
        bool same;
    } cases[] = {
        {"train.learning_rate", "1e-3", true},
        {"train.learning_rate", "0.0010", true},
        {"train.learning_rate", "0.002", false},
        {"train.learning_rate", "5e-4", false},
        {"train.learning_rate", "much", false},
        {"train.epochs", "+07", true},
        {"train.epochs", "8", false},
        {"train.checkpointing", "YES", true},
        {"train.checkpointing", "0", false},
        {"train.schedule", "poly", true},
        {"train.schedule", "constant", false},
        {"data.root", "sets/a", true},
        {"data.root", "sets/b", false},
        {"train.patience", "00", true},
        {"train.patience", "", false},
    };
    config *c = new_config();
    assert_false(config_value_is(c, "data.root", "")); /* it has none yet */
    assert_ok(config_load(c, ini("[data]\nroot = sets/a\n[train]\nlearning_rate = 0.001\nepochs = 7\n"
                                 "checkpointing = true\n")));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (config_value_is(c, cases[i].key, cases[i].value) != cases[i].same)
            fail_msg("%s: '%s' is %s '%s'", cases[i].key, cases[i].value, cases[i].same ? "not" : "taken for",
                     config_value(c, cases[i].key));
    config_free(c);
}

static void test_bad_lines(void **state) {
    (void)state;
    expect_refused("[train]\nepochs = 5\nlearning_rate = 0.1\nepochs = 6\n", "test.ini:4: train.epochs", "line 2");
    expect_refused("[train]\nepochs = 5\n[data]\nroot = x\n[train]\nepochs = 5\n", "test.ini:6:", "line 2");
    expect_refused("[model]\nx = 5\nx = 6\n", "test.ini:3: model.x", "line 2"); /* not declared yet */
    expect_refused("epochs = 5\n", "test.ini:1: epochs", "before the first [section]");
    expect_refused("[train]\nepochs\n", "test.ini:2:", "key = value");
    expect_refused("[train\nepochs = 5\n", "test.ini:1:", "[section]");
    expect_refused("[train]\n = 5\n", "test.ini:2:", "unknown key");
    expect_refused("[train]\nepochs\nzebra = 5\n", "test.ini:2:", "key = value"); /* the first fault counts */
    expect_refused("[train]\nepochs = 5\n  learning_rate\n",
                   "test.ini:3:", "key = value"); /* not more of the value above */
    expect_refused("[train] epochs = 5\n", "test.ini:1: [train] is followed by epochs = 5", "line of its own");
    expect_refused("[]\nepochs = 5\n", "test.ini:1:", "[section]");
    config *c = new_config();
    assert_int_equal(config_load(c, scratch_file("nul.ini", "[train]\nepo\0chs = 5\n", 20)), STATUS_USAGE);
    expect_message("nul.ini:2:", "NUL");
    assert_fails(config_load(c, scratch_path("missing.ini")), STATUS_USAGE, "missing.ini", "No such file");
    assert_fails(config_load(c, "tests"), STATUS_USAGE, "tests", "directory");
    config_free(c);
}

static void test_unknown_keys(void **state) {
    (void)state;
    expect_refused("[train]\nepocs = 5\n[data]\nroot = x\n", "test.ini:2: train.epocs: unknown key",
                   "did you mean train.epochs?");
    expect_refused("[model]\nepochs = 5\n", "model.epochs", "did you mean train.epochs?");
    expect_refused("[trian]\nepochs = 5\n", "trian.epochs", "did you mean train.epochs?");
    expect_refused("[train]\nzebra = 5\n", "test.ini:2: train.zebra: unknown key", "");
    assert_null(strstr(status_message(), "did you mean"));
}

/* A key that another method has is not to be looked for in other sections. */
static void test_unknown_keys_of_an_owner(void **state) {
    (void)state;
    static const config_key own = {"model.depth", CONFIG_INT, "4", 1, 9, NULL, "", "layers"};
    static const struct {
        const char *given, *message, *hint; /* hint NULL: none */
    } cases[] = {
        {"model.epochs=5", "command line: model.epochs: unknown key: some_net has no such option", NULL},
        {"model.dept=5", "model.dept: unknown key: some_net has no such option", "(did you mean model.depth?)"},
        {"modem.epochs=5", "modem.epochs: unknown key (", "did you mean train.epochs?)"},
    };
    for (int i = 0; i < 3; i++) {
        config *c = new_config();
        assert_ok(config_declare(c, &own, 1));
        config_name_owner(c, "model", "some_net");
        assert_ok(config_override(c, cases[i].given));
        assert_fails(config_check(c), STATUS_USAGE, cases[i].message, cases[i].hint ? cases[i].hint : "");
        assert_int_equal(strstr(status_message(), "did you mean") != NULL, cases[i].hint != NULL);
        config_free(c);
    }
}

static void test_overrides_refused(void **state) {
    (void)state;
    config *c = new_config();
    assert_fails(config_override(c, "train.epochs=abc"), STATUS_USAGE, "command line: train.epochs = abc",
                 "expected an integer in 1..100000");
    assert_fails(config_override(c, "train.epochs=0"), STATUS_USAGE, "train.epochs = 0", "1..100000");
    assert_int_equal(config_int(c, "train.epochs"), 400); /* what is refused changes nothing */
    assert_string_equal(config_value(c, "train.epochs"), "400");
    assert_fails(config_override(c, "epochs"), STATUS_USAGE, "command line: epochs", "section.key=value");
    assert_fails(config_override(c, "=5"), STATUS_USAGE, "command line", "section.key=value");
    assert_fails(config_override(c, "train.epochs=5\n6"), STATUS_USAGE, "command line", "line break");
    assert_ok(config_override(c, "data.root=x"));
    assert_ok(config_override(c, "epochs=5"));
    assert_fails(config_check(c), STATUS_USAGE, "command line: epochs: unknown key", "");
    config_free(c);
}

/* The help texts that config_write puts into comments may be longer than a line. */
static void test_long_comments(void **state) {
    (void)state;
    static char text[60000], comment[20001];
    memset(comment, 'c', sizeof comment - 1);
    snprintf(text, sizeof text, "; %s\n[train]\n  ;%.16383s\nepochs = 3\n#%.400s", comment, comment, comment);
    config *c = new_config();
    assert_ok(config_load(c, ini(text)));
    assert_int_equal(config_int(c, "train.epochs"), 3);
    config_free(c);
}

static void test_too_many_keys(void **state) {
    (void)state;
    enum { KEYS = 4097, LINE = 16 };
    char *text = malloc(KEYS * LINE);
    assert_non_null(text);
    size_t used = (size_t)snprintf(text, LINE, "[x]\n");
    for (int i = 0; i < KEYS; i++)
        used += (size_t)snprintf(text + used, LINE, "k%d = 1\n", i);
    config *c = new_config();
    assert_fails(config_load(c, ini(text)), STATUS_USAGE, "test.ini:4098", "more than 4096 keys");
    config_free(c);
    free(text);
}

/* Lists of several long paths fit; the first line that is longer than the longest is told. */
static void test_line_length(void **state) {
    (void)state;
    enum { LONGEST = 16383 };
    static char text[LONGEST + 64];
    for (int length = LONGEST - 1; length <= LONGEST + 2; length++) {
        int used = snprintf(text, sizeof text, "[data]\n");
        int line = snprintf(text + used, sizeof text - (size_t)used, "root = ");
        memset(text + used + line, 'r', (size_t)(length - line));
        snprintf(text + used + length, sizeof text - (size_t)(used + length), "\n[train]\nepochs = 3\n");
        config *c = new_config();
        status result = config_load(c, ini(text));
        if (length <= LONGEST) {
            assert_ok(result);
            assert_int_equal(strlen(config_text(c, "data.root")), length - line);
            assert_int_equal(config_int(c, "train.epochs"), 3);
        } else {
            assert_int_equal(result, STATUS_USAGE);
            expect_message("test.ini:2:", "16384");
        }
        config_free(c);
    }
}

static void test_long_names(void **state) {
    (void)state;
    char text[512], key[193];
    memset(key, 'k', sizeof key - 1);
    key[192] = '\0';
    config *c = new_config();
    snprintf(text, sizeof text, "[x]\n%.189s = 1\n", key);
    assert_ok(config_load(c, ini(text)));
    snprintf(text, sizeof text, "[x]\n%.190s = 1\n", key);
    assert_fails(config_load(c, ini(text)), STATUS_USAGE, "test.ini:2", "more than 191 characters");
    snprintf(text, sizeof text, "x.%.190s=1", key);
    assert_fails(config_override(c, text), STATUS_USAGE, "command line", "more than 191 characters");
    snprintf(text, sizeof text, "[%.192s]\n", key);
    assert_fails(config_load(c, ini(text)), STATUS_USAGE, "test.ini:1", "[section]");
    config_free(c);
}

/* What is written is read back to the same values; what could not be is refused when it is set. */
static void test_write_and_read_back(void **state) {
    (void)state;
    config *c = new_config();
    assert_ok(config_declare(c, model_keys, 1));
    assert_ok(config_override(c, "data.root=/a path/with;semicolon#and = sign"));
    assert_ok(config_override(c, "train.learning_rate=0.00030000000000000001"));
    const char *path = scratch_path("written.ini");
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_ok(config_write(c, file));
    fclose(file);
    config *back = new_config();
    assert_ok(config_declare(back, model_keys, 1));
    assert_ok(config_load(back, path));
    assert_ok(config_check(back));
    for (int i = 0; i < config_count(c); i++) {
        const char *name = config_key_at(c, i)->name;
        assert_string_equal(config_value(back, name), config_value(c, name));
    }
    config_free(back);

    enum { LONGEST = 16376 }; /* with "root = " */
    static char longest[LONGEST + 16] = "data.root=";
    memset(longest + 10, 'r', LONGEST);
    assert_ok(config_override(c, longest));
    longest[10 + LONGEST] = 'r';
    assert_fails(config_override(c, longest), STATUS_USAGE, "data.root", "at most 16376");
    assert_fails(config_override(c, "data.root=a ;b"), STATUS_USAGE, "data.root = a ;b", "comment");
    assert_fails(config_override(c, "data.root=;b"), STATUS_USAGE, "data.root", "comment");
    config_free(c);
}

static char *printed(const config *c, void (*print)(const config *, FILE *)) {
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);
    assert_non_null(stream);
    print(c, stream);
    fclose(stream);
    return text;
}

static void write_ok(const config *c, FILE *stream) {
    assert_ok(config_write(c, stream));
}

static void test_text_of_file_and_help(void **state) {
    (void)state;
    config *c = new_config();
    char *text = printed(c, write_ok);
    assert_string_equal(text, "[train]\n"
                              "; passes over the training set\nepochs = 400\n"
                              "; of Adam\nlearning_rate = 1e-4\n"
                              "; trade time for memory\ncheckpointing = false\n"
                              "; of the learning rate\nschedule = poly\n"
                              "; 0 for none [epochs]\npatience = 0\n"
                              "\n[data]\n"
                              "; folder or pack\n;root = \n");
    free(text);
    text = printed(c, config_print_help);
    assert_non_null(strstr(text, "[train]\n  epochs         an integer in 1..100000   passes over the training set"));
    assert_non_null(strstr(text, "(default: 400)\n"));
    assert_non_null(strstr(text, "one of poly, constant"));
    assert_non_null(strstr(text, "(must be given)\n"));
    free(text);
    FILE *full = fopen("/dev/full", "w");
    if (full) {
        assert_fails(config_write(c, full), STATUS_OUTPUT, "configuration", "No space");
        fclose(full);
    }
    config_free(c);
}

/* Keys named by the user: listed once each in order, declared with copies of their names, checked like others. */
static void test_names_of_a_section(void **state) {
    (void)state;
    config *c = new_config();
    name_list names;
    assert_ok(config_load(c, ini("[sets]\nB.x = 1\nA = 2\n[setsy]\nC = 3\n[data]\nroot = r\n")));
    assert_ok(config_override(c, "sets.A=4"));
    assert_ok(config_undeclared_names(c, "sets", &names));
    assert_int_equal(names.count, 2);
    assert_string_equal(names.names[0], "B.x");
    assert_string_equal(names.names[1], "A");
    for (int i = 0; i < names.count; i++)
        assert_ok(config_declare_text(c, "sets", names.names[i], NULL, "help"));
    name_list_free(&names);
    assert_ok(config_declare_text(c, "sets", "D", "5", "help"));
    assert_string_equal(config_text(c, "sets.B.x"), "1");
    assert_string_equal(config_text(c, "sets.A"), "4");
    assert_string_equal(config_text(c, "sets.D"), "5");
    assert_ok(config_undeclared_names(c, "sets", &names));
    assert_int_equal(names.count, 0);
    assert_fails(config_check(c), STATUS_USAGE, "setsy.C: unknown key", "");
    config_free(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_file_overrides),
        cmocka_unit_test(test_line_ends),
        cmocka_unit_test(test_keys_declared_after_loading),
        cmocka_unit_test(test_bad_values),
        cmocka_unit_test(test_flag_words),
        cmocka_unit_test(test_same_values),
        cmocka_unit_test(test_bad_lines),
        cmocka_unit_test(test_unknown_keys),
        cmocka_unit_test(test_unknown_keys_of_an_owner),
        cmocka_unit_test(test_overrides_refused),
        cmocka_unit_test(test_line_length),
        cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_long_comments),
        cmocka_unit_test(test_too_many_keys),
        cmocka_unit_test(test_write_and_read_back),
        cmocka_unit_test(test_text_of_file_and_help),
        cmocka_unit_test(test_names_of_a_section),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
