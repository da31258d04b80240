/* Trains on this machine: a pool of children, after one look at what each will need. */
#include "eval/experiments/sweep_private.h"

#include "core/base/clock.h"
#include "core/base/process.h"
#include "core/io/file_io.h"
#include "core/io/folder_lock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { EXIT_USAGE = 2, PATIENCE = 60 /* seconds */ };

typedef struct pool {
    const training_list *list;
    char program[4096];
    char threads[64]; /* "train.threads=2"; empty: as the ini says */
    int jobs;
    int next, running, failed;
    bool stopping;
    struct {
        pid_t process; /* 0: not running */
        double start;
    } * state; /* of each training */
} pool;

/* A training whose sweep was killed saves before it ends, and holds its folder until then. */
static status wait_for_folder(const training *t) {
    folder_lock lock;
    const struct timespec pause = {.tv_nsec = 50000000};
    if (!path_is_folder(t->prefix))
        return STATUS_OK;
    status taken = folder_lock_take(t->prefix, &lock);
    if (taken == STATUS_USAGE) {
        printf("waiting: %s\n", status_message());
        fflush(stdout);
    }
    for (double until = clock_seconds() + PATIENCE; taken == STATUS_USAGE && clock_seconds() < until;) {
        nanosleep(&pause, NULL);
        taken = process_signal() ? STATUS_INTERRUPTED : folder_lock_take(t->prefix, &lock);
    }
    folder_lock_release(&lock);
    return taken;
}

/* NAME.log or NAME.check has the output; `extra` (may be NULL) is one more word for the program. */
static status start(const pool *p, const training *t, const char *log, const char *extra, pid_t *process) {
    char ini[4096], last[4096];
    TRY(wait_for_folder(t));
    TRY(path_join(ini, "", t->prefix, ".ini"));
    TRY(path_join(last, t->prefix, "last", ".h5"));
    const char *argv[8] = {p->program, ini, "--out", t->prefix};
    int count = 4;
    if (path_is_file(last))
        argv[count++] = "--resume";
    if (extra)
        argv[count++] = extra;
    if (*p->threads)
        argv[count++] = p->threads;
    return process_start(argv, log, process);
}

static status start_next(pool *p) {
    const training *t = &p->list->items[p->next];
    char log[4096];
    TRY(path_join(log, "", t->prefix, ".log"));
    TRY(start(p, t, log, NULL, &p->state[p->next].process));
    p->state[p->next].start = clock_seconds();
    p->next++;
    p->running++;
    printf("training %d of %d: %s, output in %s\n", p->next, p->list->count, t->name, log);
    fflush(stdout);
    return STATUS_OK;
}

/* The last line of a log, for the message of a failure. */
static void last_line(const char *path, char *out, size_t size) {
    char *line = NULL;
    size_t capacity = 0;
    FILE *file = fopen(path, "r");
    snprintf(out, size, "no output");
    while (file && getline(&line, &capacity, file) > 0) {
        line[strcspn(line, "\r\n")] = '\0';
        if (*line)
            snprintf(out, size, "%s", line);
    }
    if (file)
        fclose(file);
    free(line);
}

static status mark_finished(const training *t) {
    char ini[4096], done[4096];
    TRY(path_join(ini, "", t->prefix, ".ini"));
    TRY(path_join(done, "", t->prefix, ".done"));
    if (rename(ini, done) != 0)
        return status_fail(STATUS_OUTPUT, "%s: cannot be renamed to %s: %s", ini, done, strerror(errno));
    return STATUS_OK;
}

static status failure_of(const training *t, const char *log, int code) {
    char line[600];
    last_line(log, line, sizeof line);
    return status_fail(code == EXIT_USAGE ? STATUS_USAGE : STATUS_INPUT, "%s: %s", t->name, line);
}

static status report_failure(pool *p, const training *t, int code) {
    char log[4096];
    TRY(path_join(log, "", t->prefix, ".log"));
    p->failed++;
    p->stopping |= code == EXIT_USAGE; /* the others would stumble over the same */
    return failure_of(t, log, code);
}

static status finish_one(pool *p, status result) {
    pid_t process;
    int code, i = 0;
    status waited = process_wait(&process, &code);
    if (waited != STATUS_OK) {
        p->running = 0; /* nobody is left to wait for */
        return waited;
    }
    while (p->state[i].process != process)
        i++;
    const training *t = &p->list->items[i];
    p->state[i].process = 0;
    p->running--;
    if (code == 0) {
        TRY(mark_finished(t));
        printf("trained %s in %.0f s\n", t->name, clock_seconds() - p->state[i].start);
        fflush(stdout);
        return result;
    }
    return process_signal() ? result : report_failure(p, t, code);
}

/* Returns the last failure; the others are in their logs. */
static status run_all(pool *p) {
    status result = STATUS_OK;
    while (!p->stopping || p->running > 0) {
        p->stopping |= process_signal() != 0;
        while (!p->stopping && p->running < p->jobs && p->next < p->list->count) {
            status started = start_next(p);
            p->stopping |= started != STATUS_OK;
            result = started != STATUS_OK ? started : result;
        }
        if (p->running == 0)
            break;
        result = finish_one(p, result);
    }
    return result;
}

/* --- before the first --- */

static bool is_first_of_its_kind(const training_list *list, int i) {
    const training *t = &list->items[i];
    for (int k = 0; k < i; k++)
        if (list->items[k].method == t->method && list->items[k].data == t->data)
            return false;
    return true;
}

static status check_one(const pool *p, const training *t) {
    char log[4096];
    pid_t process;
    int code;
    TRY(path_join(log, "", t->prefix, ".check"));
    unlink(log);
    TRY(start(p, t, log, "--check", &process));
    TRY(process_wait(&process, &code));
    if (code != 0 && !process_signal())
        return failure_of(t, log, code);
    unlink(log);
    return STATUS_OK;
}

/* Each starts hours after the one before: what is wrong with the last is to be known at once. Seeds differ in nothing
 * that could be wrong. */
static status check_all(const pool *p) {
    for (int i = 0; i < p->list->count && !process_signal(); i++)
        if (is_first_of_its_kind(p->list, i))
            TRY(check_one(p, &p->list->items[i]));
    return STATUS_OK;
}

static status run_pool(pool *p, const experiment *e) {
    TRY(sweep_program(p->program));
    int share = engine_threads(e->engine) / p->jobs;
    if (p->jobs > 1)
        snprintf(p->threads, sizeof p->threads, "train.threads=%d", share > 1 ? share : 1);
    p->state = calloc((size_t)p->list->count, sizeof *p->state);
    if (!p->state)
        return status_fail(STATUS_MEMORY, "out of memory for %d trainings", p->list->count);
    process_begin_signals();
    status result = check_all(p);
    if (result == STATUS_OK)
        result = run_all(p);
    process_end_signals();
    free(p->state);
    if (process_signal())
        return status_fail(STATUS_INTERRUPTED, "interrupted; the same command goes on where the trainings stopped");
    if (result != STATUS_OK && p->failed > 1)
        return status_prefix(result, "%d trainings failed, the last one", p->failed);
    return result;
}

status sweep_train(const experiment *e, const char *folder, int jobs) {
    training_list list;
    TRY(sweep_missing(e, folder, &list));
    pool p = {.list = &list, .jobs = jobs < PROCESS_MOST ? jobs : PROCESS_MOST};
    status result = list.count > 0 ? run_pool(&p, e) : STATUS_OK;
    free(list.items);
    return result;
}
