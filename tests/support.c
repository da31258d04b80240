#include "tests/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

const char *shared_folder(void) {
    const char *folder = getenv("IRST_SHARED");
    if (folder == NULL)
        folder = "../shared";
    struct stat info;
    return stat(folder, &info) == 0 && S_ISDIR(info.st_mode) ? folder : NULL;
}

const char *require_shared_folder(void) {
    const char *folder = shared_folder();
    if (folder != NULL)
        return folder;
    const char *ci = getenv("CI");
    if (ci != NULL && strcmp(ci, "true") == 0)
        fail_msg("the shared data is missing: set IRST_SHARED to its folder");
    skip();
    return NULL;
}

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
/* Read by ThreadSanitizer when it starts: libomp is not built for it, and a test that forks has threads already. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void) {
    return "ignore_noninstrumented_modules=1:die_after_fork=0";
}
#endif
#endif

/* Read by LeakSanitizer, which cannot follow what fontconfig keeps for the life of the process, nor what libomp keeps
 * of its threads. Nothing else reads them. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_options(void);
const char *__lsan_default_suppressions(void) {
    return "leak:libfontconfig.so\nleak:libomp.so\n";
}
const char *__lsan_default_options(void) {
    return "print_suppressions=0";
}

bool is_sanitized(void) {
#ifdef SANITIZED
    return true;
#else
    return false;
#endif
}

void skip_if_sanitized(void) {
    if (is_sanitized())
        skip();
}

enum { MOST_THREADS = 8 };
static engine *engines[MOST_THREADS + 1];
static int threads_in_use;

engine *test_engine(void) {
    engine **e = &engines[threads_in_use];
    if (!*e && engine_new(threads_in_use, e) != STATUS_OK)
        fail_msg("no engine of %d threads: %s", threads_in_use, status_message());
    return *e;
}

void use_threads(int count) {
    if (count < 0 || count > MOST_THREADS)
        fail_msg("%d threads, expected at most %d", count, MOST_THREADS);
    threads_in_use = count;
}

static char scratch[256];
static pid_t scratch_owner;

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *place) {
    (void)info;
    (void)kind;
    (void)place;
    return remove(path);
}

static void remove_scratch(void) {
    /* A forked child of the test must not take its parent's folder away. */
    if (getpid() == scratch_owner)
        nftw(scratch, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

const char *scratch_path(const char *name) {
    static char paths[4][512];
    static unsigned next;

    if (scratch[0] == '\0') {
        const char *root = getenv("TMPDIR");
        snprintf(scratch, sizeof scratch, "%s/irst-test-XXXXXX", root != NULL ? root : "/tmp");
        if (mkdtemp(scratch) == NULL)
            fail_msg("%s: cannot create a scratch folder", scratch);
        scratch_owner = getpid();
        atexit(remove_scratch);
    }
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", scratch, name);
    return path;
}

const char *scratch_file(const char *name, const void *data, unsigned long size) {
    const char *path = scratch_path(name);
    FILE *stream = fopen(path, "wb");
    if (stream == NULL)
        fail_msg("%s: cannot be created", path);
    size_t written = size == 0 ? 0 : fwrite(data, 1, size, stream);
    if (fclose(stream) != 0 || written != size)
        fail_msg("%s: cannot be written", path);
    return path;
}

int aborts(void (*body)(void *context), void *context) {
    pid_t child = fork();
    if (child < 0)
        fail_msg("no child process could be started");
    if (child == 0) {
        signal(SIGABRT, SIG_DFL); /* cmocka would report it */
        if (freopen("/dev/null", "w", stderr))
            body(context);
        _exit(0);
    }
    int outcome;
    if (waitpid(child, &outcome, 0) != child)
        fail_msg("the child process is lost");
    return WIFSIGNALED(outcome) && WTERMSIG(outcome) == SIGABRT;
}
