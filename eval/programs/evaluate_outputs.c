#include "eval/programs/evaluate_outputs.h"

#include "core/io/file_io.h"
#include "eval/figures/roc_plot.h"
#include "eval/programs/arguments.h"
#include "eval/report/evaluation_page.h"

#include <stdio.h>

static status scores_path(const evaluate_outputs *o, char path[4096]) {
    return path_join(path, o->folder, "scores", ".h5");
}

static status page_path(const evaluate_outputs *o, char path[4096]) {
    return path_join(path, o->folder, "report", ".html");
}

/* --- before the work --- */

status evaluate_outputs_check_names(const evaluate_outputs *o) {
    char targets[4096];
    if (o->roc)
        TRY(roc_plot_check_path(o->roc));
    if (o->report)
        TRY(evaluation_page_check_path(o->report));
    return o->records ? records_target_path(o->records, targets) : STATUS_OK;
}

static status check_file(const char *option, const char *path, const char *const *read, int count) {
    atomic_file trial;
    for (int i = 0; i < count; i++)
        TRY(argument_keeps(option, path, read[i]));
    TRY(atomic_file_begin(path, &trial));
    atomic_file_abandon(&trial);
    return STATUS_OK;
}

status evaluate_outputs_check(const evaluate_outputs *o, const char *const *read, int count) {
    char path[4096];
    if (o->records)
        TRY(check_file("--records", o->records, read, count));
    if (o->roc)
        TRY(check_file("--roc", o->roc, read, count));
    if (o->report)
        TRY(check_file("--report", o->report, read, count));
    if (!o->folder)
        return STATUS_OK;
    TRY(folder_create(o->folder));
    TRY(scores_path(o, path));
    TRY(check_file("in --out", path, read, count));
    TRY(page_path(o, path));
    return check_file("in --out", path, read, count);
}

/* --- image by image --- */

status evaluate_outputs_begin(evaluate_outputs *o, const evaluation *e, score_kind kind, int images, bool keep) {
    char path[4096];
    if (o->records || keep)
        TRY(records_new(&o->kept));
    gallery_options how = evaluation_page_gallery(images, e->options.how.protocol);
    how.next = o->kept ? records_watcher(o->kept) : NULL;
    if (o->report || o->folder)
        TRY(gallery_new(&how, &o->pictures));
    if (!o->folder)
        return STATUS_OK;
    TRY(scores_path(o, path));
    return scores_writer_new(path, e, kind, evaluate_outputs_watcher(o), &o->scores);
}

const image_watcher *evaluate_outputs_watcher(const evaluate_outputs *o) {
    if (o->scores)
        return scores_writer_watcher(o->scores);
    if (o->pictures)
        return gallery_watcher(o->pictures);
    return o->kept ? records_watcher(o->kept) : NULL;
}

/* --- after it --- */

static status write_roc(const evaluation *e, const char *path) {
    char set[300];
    snprintf(set, sizeof set, "%.120s %.60s", e->dataset, e->split);
    return roc_plot_write_one(e->method, set, &e->counts, path);
}

status evaluate_outputs_write(evaluate_outputs *o, const evaluation *e) {
    char path[4096];
    if (o->records)
        TRY(records_write(o->kept, o->records));
    if (o->roc)
        TRY(write_roc(e, o->roc));
    if (o->report)
        TRY(evaluation_page_write(e, o->pictures, o->report));
    if (!o->folder)
        return STATUS_OK;
    TRY(page_path(o, path));
    TRY(evaluation_page_write(e, o->pictures, path));
    return scores_writer_commit(o->scores);
}

void evaluate_outputs_free(evaluate_outputs *o) {
    records_free(o->kept);
    gallery_free(o->pictures);
    scores_writer_free(o->scores);
}
