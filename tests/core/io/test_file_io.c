#include "core/io/file_io.h"
#include "tests/expect.h"
#include "tests/support.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void assert_content(const char *path, const char *expected) {
    char content[64] = "";
    FILE *stream = fopen(path, "rb");
    assert_non_null(stream);
    content[fread(content, 1, sizeof content - 1, stream)] = '\0';
    fclose(stream);
    assert_string_equal(content, expected);
}

static void assert_no_temporaries(void) {
    name_list names;
    assert_ok(folder_list(scratch_path(""), ".tmp", &names));
    assert_int_equal(names.count, 0);
    name_list_free(&names);
}

static void put(const char *path, const char *text) {
    FILE *stream = fopen(path, "wb");
    assert_non_null(stream);
    assert_true(fputs(text, stream) >= 0);
    assert_int_equal(fclose(stream), 0);
}

static void test_commit_replaces(void **state) {
    (void)state;
    const char *path = scratch_file("a.txt", "old", 3);
    atomic_file first, second;
    assert_ok(atomic_file_begin(path, &first));
    assert_ok(atomic_file_begin(path, &second));
    assert_string_not_equal(first.temporary, second.temporary);
    assert_string_equal(first.path, path);
    assert_memory_equal(first.temporary, path, strlen(path)); /* in the same folder */
    put(first.temporary, "new");
    put(second.temporary, "other");
    assert_content(path, "old");
    assert_ok(atomic_file_commit(&first));
    assert_content(path, "new");
    atomic_file_abandon(&second);
    atomic_file_abandon(&second);
    atomic_file_abandon(&first); /* nothing is left to remove */
    assert_content(path, "new");
    assert_no_temporaries();
}

/* A file that another process left under the next name is not touched: another name is taken. */
static void test_temporary_name_is_unused(void **state) {
    (void)state;
    const char *path = scratch_path("b.txt");
    atomic_file file;
    assert_ok(atomic_file_begin(path, &file));
    atomic_file_abandon(&file);
    char taken[sizeof file.temporary];
    unsigned number;
    const char *tail = file.temporary + strlen(path) + 1;
    assert_int_equal(sscanf(strchr(tail, '.'), ".%u.tmp", &number), 1);
    snprintf(taken, sizeof taken, "%s.%ld.%u.tmp", path, (long)getpid(), number + 1);
    put(taken, "not ours");
    assert_ok(atomic_file_begin(path, &file));
    assert_string_not_equal(file.temporary, taken);
    atomic_file_abandon(&file);
    assert_content(taken, "not ours");
    unlink(taken);
}

/* A name may be as long as the system lets it be. */
static void test_long_names(void **state) {
    (void)state;
    char name[256];
    memset(name, 'n', 255);
    name[255] = '\0';
    const char *path = scratch_path(name);
    assert_ok(file_write(path, "long", 4));
    assert_content(path, "long");
    assert_no_temporaries();
    unlink(path);
}

/* A link stays one: what it leads to is replaced, or made. */
static void test_links(void **state) {
    (void)state;
    struct stat info;
    char link[4096], other[4096];
    const char *folder = scratch_path("there");
    assert_ok(folder_create(folder));
    const char *target = scratch_file("there/target", "old", 3);
    snprintf(link, sizeof link, "%s", scratch_path("link"));
    snprintf(other, sizeof other, "%s", scratch_path("there/other"));
    assert_int_equal(symlink("there/other", link), 0);
    assert_int_equal(symlink("target", other), 0);
    assert_ok(file_write(link, "new", 3));
    assert_content(target, "new");
    assert_true(lstat(link, &info) == 0 && S_ISLNK(info.st_mode));
    assert_true(lstat(other, &info) == 0 && S_ISLNK(info.st_mode));
    unlink(target);
    assert_ok(file_write(link, "made", 4));
    assert_content(target, "made");
    unlink(link);
    assert_int_equal(symlink(target, link), 0); /* from the root */
    assert_ok(file_write(link, "again", 5));
    assert_content(target, "again");
    unlink(other);
    assert_int_equal(symlink("other", other), 0);
    assert_fails(file_write(other, "x", 1), STATUS_OUTPUT, "there/other", "symbolic links");
    unlink(link);
    assert_int_equal(symlink("nowhere/x", link), 0);
    assert_fails(file_write(link, "x", 1), STATUS_OUTPUT, "link", "No such file");
    unlink(link);
    assert_no_temporaries();
}

static void test_commit_fails(void **state) {
    (void)state;
    const char *path = scratch_file("c.txt", "old", 3);
    atomic_file file;
    assert_ok(atomic_file_begin(path, &file));
    unlink(file.temporary);
    assert_fails(atomic_file_commit(&file), STATUS_OUTPUT, path, "No such file");
    assert_content(path, "old");

    const char *missing = scratch_path("no/folder.txt");
    assert_fails(atomic_file_begin(missing, &file), STATUS_OUTPUT, missing, "No such file");
    atomic_file_abandon(&file); /* must be harmless after a failure */
    const char *folder = scratch_path("");
    assert_fails(atomic_file_begin(folder, &file), STATUS_OUTPUT, folder, "folder");
    assert_fails(atomic_file_begin("/dev/null", &file), STATUS_OUTPUT, "/dev/null", "regular");
    char longest[5000];
    memset(longest, 'x', sizeof longest);
    longest[4999] = '\0';
    assert_fails(atomic_file_begin(longest, &file), STATUS_OUTPUT, "xxx", "4095");
}

static void test_file_write(void **state) {
    (void)state;
    const char *path = scratch_path("d.txt");
    assert_ok(file_write(path, "hello", 5));
    assert_content(path, "hello");
    assert_ok(file_write(path, NULL, 0));
    assert_content(path, "");
    struct stat info;
    mode_t mask = umask(0);
    umask(mask);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0666 & ~mask);
    const char *missing = scratch_path("none/d.txt");
    assert_fails(file_write(missing, "hello", 5), STATUS_OUTPUT, missing, "No such file");
    assert_no_temporaries();
}

/* In a child, because the limit on file sizes stands for a full disk and cannot be lifted again. */
static void test_file_copy(void **state) {
    (void)state;
    char from[4096], to[4096];
    uint8_t *got, sent[200000];
    size_t size;
    snprintf(from, sizeof from, "%s", scratch_path("from"));
    snprintf(to, sizeof to, "%s", scratch_path("to"));
    for (size_t i = 0; i < sizeof sent; i++)
        sent[i] = (uint8_t)(i * i >> 3);
    assert_ok(file_write(to, "old", 3));
    assert_fails(file_copy(from, to), STATUS_OUTPUT, to, "No such file");
    assert_ok(file_read(to, 3, &got, &size)); /* untouched */
    free(got);
    assert_ok(file_write(from, sent, sizeof sent));
    assert_ok(file_copy(from, to));
    assert_ok(file_read(to, sizeof sent, &got, &size));
    assert_int_equal(size, sizeof sent);
    assert_memory_equal(got, sent, size);
    free(got);
    assert_fails(file_copy(from, scratch_path("nowhere/to")), STATUS_OUTPUT, "nowhere/to", "No such file");
}

static void test_full_disk(void **state) {
    (void)state;
    static char data[1 << 16];
    const char *path = scratch_file("e.txt", "old", 3);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &(struct rlimit){4096, 4096});
        bool right = file_write(path, data, sizeof data) == STATUS_OUTPUT && strstr(status_message(), path) != NULL;
        _exit(right ? 0 : 1);
    }
    int outcome;
    assert_int_equal(waitpid(child, &outcome, 0), child);
    assert_true(WIFEXITED(outcome) && WEXITSTATUS(outcome) == 0);
    assert_content(path, "old");
    assert_no_temporaries();
}

static void test_folders(void **state) {
    (void)state;
    const char *deep = scratch_path("one/two//three/");
    assert_ok(folder_create(deep));
    assert_true(path_is_folder(deep));
    assert_ok(folder_create(deep));
    assert_false(path_is_file(deep));
    const char *file = scratch_file("one/file", "x", 1);
    assert_true(path_is_file(file));
    assert_false(path_is_folder(file));
    assert_false(path_is_file(scratch_path("nothing")));
    assert_fails(folder_create(file), STATUS_OUTPUT, file, "folder");
    const char *below = scratch_path("one/file/more");
    assert_fails(folder_create(below), STATUS_OUTPUT, "one/file", "folder");
    assert_fails(folder_create(""), STATUS_OUTPUT, "folder", "4095");
    /* Why it was not made, not what was found where it should be. */
    const char *nowhere = scratch_path("nowhere");
    assert_int_equal(symlink("not/there", nowhere), 0);
    assert_fails(folder_create(nowhere), STATUS_OUTPUT, nowhere, "cannot be created: File exists");
    unlink(nowhere);
    assert_ok(folder_create("/"));
}

static void test_same_path(void **state) {
    (void)state;
    char file[512], link[512], folder[4096];
    snprintf(file, sizeof file, "%s", scratch_path("same.txt"));
    snprintf(link, sizeof link, "%s", scratch_path("other.txt"));
    assert_ok(file_write(file, "a", 1));
    assert_int_equal(symlink("same.txt", link), 0);
    assert_true(path_is_same(file, link));
    path_folder(file, folder);
    assert_true(path_is_same(folder, scratch_path(".")));
    assert_false(path_is_same(file, folder));
    assert_false(path_is_same("no/such", "no/such"));
    path_folder("name", folder);
    assert_string_equal(folder, ".");
    path_folder("/name", folder);
    assert_string_equal(folder, "/");
}

static void test_path_join(void **state) {
    (void)state;
    char out[4096], longest[4096];
    assert_ok(path_join(out, "data/images", "XDU0", ".png"));
    assert_string_equal(out, "data/images/XDU0.png");
    assert_ok(path_join(out, "data/", "XDU0", ""));
    assert_string_equal(out, "data/XDU0");
    assert_ok(path_join(out, "", "XDU0", ".png"));
    assert_string_equal(out, "XDU0.png");
    memset(longest, 'n', sizeof longest);
    longest[4093] = '\0';
    assert_ok(path_join(out, "d", longest, ""));
    assert_int_equal(strlen(out), 4095);
    assert_fails(path_join(out, "d", longest, "x"), STATUS_INPUT, "d", "4095");
}

static void test_folder_list(void **state) {
    (void)state;
    name_list names;
    assert_ok(folder_create(scratch_path("list")));
    const char *files[] = {"b.png", "a10.png", "a9.png", "C.png", "notes.txt", ".hidden.png", ".png", "png"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char name[64];
        snprintf(name, sizeof name, "list/%s", files[i]);
        scratch_file(name, "", 0);
    }
    assert_ok(folder_list(scratch_path("list"), ".png", &names));
    assert_int_equal(names.count, 4);
    assert_string_equal(names.names[0], "C.png");
    assert_string_equal(names.names[1], "a10.png");
    assert_string_equal(names.names[2], "a9.png");
    assert_string_equal(names.names[3], "b.png");
    name_list_free(&names);
    assert_ok(folder_list(scratch_path("list"), "", &names));
    assert_int_equal(names.count, 6);
    name_list_free(&names);
    assert_ok(folder_list(scratch_path("list"), ".jpg", &names));
    assert_int_equal(names.count, 0);
    name_list_free(&names);
    const char *missing = scratch_path("unlisted");
    assert_fails(folder_list(missing, "", &names), STATUS_INPUT, missing, "No such file");
    assert_int_equal(names.count, 0);
}

static void assert_names(const char *text, size_t size, int count, const char *const *expected) {
    name_list names;
    assert_ok(name_list_read(scratch_file("names.txt", text, size), &names));
    assert_int_equal(names.count, count);
    for (int i = 0; i < count; i++)
        assert_string_equal(names.names[i], expected[i]);
    name_list_free(&names);
}

static void test_name_list_read(void **state) {
    (void)state;
    const char *const expected[] = {"XDU0", "Misc 1", "000012"};
    const char *const texts[] = {"XDU0\nMisc 1\n000012\n", "XDU0\r\nMisc 1\r\n000012",
                                 "\n\n XDU0 \n\n\tMisc 1\n\n000012\n\n"};
    for (int i = 0; i < 3; i++)
        assert_names(texts[i], strlen(texts[i]), 3, expected);
    assert_names("", 0, 0, NULL);
    assert_names("\n\r\n  \n", 6, 0, NULL);

    name_list names;
    const char *binary = scratch_file("binary.txt", "XDU0\nXD\0U1\n", 11);
    assert_fails(name_list_read(binary, &names), STATUS_INPUT, binary, "line 2");
    assert_int_equal(names.count, 0);
    char *line = malloc(10000);
    assert_non_null(line);
    memset(line, 'x', 10000);
    const char *endless = scratch_file("endless.txt", line, 10000);
    free(line);
    assert_fails(name_list_read(endless, &names), STATUS_INPUT, endless, "10000 bytes");
    const char *missing = scratch_path("missing.txt");
    assert_fails(name_list_read(missing, &names), STATUS_INPUT, missing, "No such file");
    const char *folder = scratch_path("");
    assert_fails(name_list_read(folder, &names), STATUS_INPUT, folder, "not a regular file");
}

static void test_inside(void **state) {
    (void)state;
    static const char *const inside[] = {"a", "a/b", "..a", "a..", "a/..b/c", "...", ".", "a//b"};
    static const char *const outside[] = {"", "/a", "..", "../a", "a/..", "a/../b", "a//../b"};
    for (int i = 0; i < 8; i++)
        assert_true(path_stays_inside(inside[i]));
    for (int i = 0; i < 7; i++)
        assert_false(path_stays_inside(outside[i]));
}

/* A list of 10^8 lines is refused by its size, before it is read; one of many short lines by their number. */
static void test_huge_lists(void **state) {
    (void)state;
    enum { LINES = (1 << 21) + 1 };
    name_list names;
    const char *huge = scratch_file("huge.txt", "a\n", 2);
    assert_int_equal(truncate(huge, 200000000), 0);
    assert_fails(name_list_read(huge, &names), STATUS_INPUT, huge, "200000000 bytes; expected at most 67108864");
    char *lines = malloc(2 * LINES);
    assert_non_null(lines);
    for (size_t i = 0; i < LINES; i++)
        memcpy(lines + 2 * i, "a\n", 2);
    const char *many = scratch_file("many.txt", lines, 2 * LINES);
    free(lines);
    assert_fails(name_list_read(many, &names), STATUS_INPUT, many, "more than 2097152 names");
    assert_int_equal(names.count, 0);
}

static void test_folder_is_placed(void **state) {
    (void)state;
    char from[4096], to[4096], file[4096];
    snprintf(from, sizeof from, "%s", scratch_path("unfinished"));
    snprintf(to, sizeof to, "%s", scratch_path("finished"));
    assert_ok(folder_create(from));
    assert_ok(path_join(file, from, "one", ".txt"));
    assert_ok(file_write(file, "1", 1));
    assert_ok(folder_place(from, to));
    assert_false(path_is_folder(from));
    assert_ok(path_join(file, to, "one", ".txt"));
    assert_true(path_is_file(file));
    assert_fails(folder_place(from, to), STATUS_OUTPUT, from, "No such file");
    assert_ok(folder_create(from));
    assert_fails(folder_place(from, to), STATUS_OUTPUT, to, "not empty");
    assert_ok(folder_flush(to));
    assert_fails(folder_flush(scratch_path("nowhere")), STATUS_OUTPUT, "nowhere", "No such file");
}

static void test_name_list_grows(void **state) {
    (void)state;
    name_list names = {0};
    char name[16];
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "%d", i);
        assert_ok(name_list_add(&names, name));
    }
    assert_int_equal(names.count, 1000);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(atoi(names.names[i]), i);
    name_list_free(&names);
    assert_true(names.count == 0 && names.names == NULL);
    name_list_free(&names);
}

static void test_why_a_path_is_nothing(void **state) {
    (void)state;
    const char *loop = scratch_path("loop"), *file = scratch_file("plain", "x", 1);
    char below[4096];
    assert_int_equal(symlink("loop", loop), 0);
    snprintf(below, sizeof below, "%s/below", file);
    assert_string_equal(path_fault(scratch_path("nothing")), "no such file or folder");
    assert_string_equal(path_fault(loop), strerror(ELOOP));
    assert_string_equal(path_fault(below), strerror(ENOTDIR));
    assert_string_equal(path_fault("/dev/null"), "is neither a regular file nor a folder");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commit_replaces), cmocka_unit_test(test_temporary_name_is_unused),
        cmocka_unit_test(test_long_names),      cmocka_unit_test(test_links),
        cmocka_unit_test(test_commit_fails),    cmocka_unit_test(test_file_write),
        cmocka_unit_test(test_full_disk),       cmocka_unit_test(test_folders),
        cmocka_unit_test(test_same_path),       cmocka_unit_test(test_path_join),
        cmocka_unit_test(test_folder_list),     cmocka_unit_test(test_name_list_read),
        cmocka_unit_test(test_huge_lists),      cmocka_unit_test(test_inside),
        cmocka_unit_test(test_name_list_grows), cmocka_unit_test(test_folder_is_placed),
        cmocka_unit_test(test_file_copy),       cmocka_unit_test(test_why_a_path_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
