/* The folder of a run: taken, rid of what a killed process left, and its files written. */
#include "core/base/clock.h"
#include "core/io/file_io.h"
#include "core/io/text_buffer.h"
#include "train/trainer_private.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Whether it is NAME.PROCESS.NUMBER.tmp, what an atomic write of a file of the run leaves when it is killed
 * (core/io/file_io.h). Others may keep files of theirs in the folder. */
static bool is_leftover(const char *name) {
    static const char *const own[] = {"config.ini", "log.csv", "curves.png", "report.html", "last.h5", "best.h5"};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        size_t length = strlen(own[i]);
        int end = -1;
        if (!strncmp(name, own[i], length) && sscanf(name + length, ".%*u.%*u.tmp%n", &end) == 0 && end > 0 &&
            !name[length + (size_t)end])
            return true;
    }
    return false;
}

/* Parts of files that a process which was killed did not bring to their end. */
static status remove_leftovers(const char *folder) {
    name_list names;
    TRY(folder_list(folder, ".tmp", &names));
    char path[4096];
    for (int i = 0; i < names.count; i++)
        if (is_leftover(names.names[i]) && path_join(path, folder, names.names[i], "") == STATUS_OK)
            unlink(path);
    name_list_free(&names);
    return STATUS_OK;
}

status trainer_take_folder(trainer *t, bool has_run) {
    const char *folder = t->options->folder;
    if (!trainer_writes(t) || t->lock.path[0])
        return STATUS_OK;
    TRY(folder_create(folder));
    TRY(folder_lock_take(folder, &t->lock));
    if (path_is_file(t->last) != has_run)
        return status_fail(STATUS_USAGE, "%s: another process has trained in it meanwhile", folder);
    return remove_leftovers(folder);
}

status trainer_write_config(const trainer *t) {
    char path[4096];
    text_buffer b;
    if (!trainer_writes(t))
        return STATUS_OK;
    TRY(path_join(path, t->options->folder, "config", ".ini"));
    TRY(text_buffer_begin(&b));
    status result = config_write(t->c, b.stream);
    if (result == STATUS_OK)
        return text_buffer_save(&b, path);
    text_buffer_free(&b);
    return result;
}

/* Up to now; with what the other processes spent, those too that had no image of the last batch. */
static void count_cost(trainer *t) {
    double now = clock_processor_seconds(), spent = now - t->counted;
    training_cost_add(&t->state.cost, trainer_sum(t, spent));
    t->counted = now;
}

static status save(trainer *t, const char *path) {
    count_cost(t);
    return trainer_writes(t) ? train_state_save(path, t->d, t->c, &t->optimizer, &t->average, &t->state) : STATUS_OK;
}

status trainer_save_last(trainer *t) {
    TRY(save(t, t->last));
    t->saved = clock_seconds();
    return STATUS_OK;
}

status trainer_save_best_and_last(trainer *t) {
    TRY(save(t, t->best));
    t->saved = clock_seconds();
    return trainer_writes(t) ? file_copy(t->best, t->last) : STATUS_OK;
}

bool trainer_save_is_due(const trainer *t) {
    double minutes = config_real(t->c, "train.save_minutes");
    return minutes > 0 && clock_seconds() - t->saved >= 60 * minutes;
}
