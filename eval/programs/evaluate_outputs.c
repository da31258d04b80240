#include "eval/programs/evaluate_outputs.h"

#include "core/io/file_io.h"
#include "eval/figures/roc_plot.h"
#include "eval/programs/arguments.h"
#include "eval/report/evaluation_page.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

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

typedef struct output {
    const char *option;
    char path[4096];
} output;

enum { MOST_OUTPUTS = 6 };

static status list_outputs(const evaluate_outputs *o, output out[MOST_OUTPUTS], int *count) {
    const struct {
        const char *option, *path;
    } given[] = {{"--records", o->records}, {"--roc", o->roc}, {"--report", o->report}};
    *count = 0;
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        if (!given[i].path)
            continue;
        out[*count].option = given[i].option;
        TRY(path_join(out[(*count)++].path, "", given[i].path, ""));
    }
    if (o->records) {
        out[*count].option = "of --records";
        TRY(records_target_path(o->records, out[(*count)++].path));
    }
    if (!o->folder)
        return STATUS_OK;
    out[*count].option = out[*count + 1].option = "in --out";
    TRY(scores_path(o, out[(*count)++].path));
    return page_path(o, out[(*count)++].path);
}

/* Also of files that are not there yet: the same name in the same folder. */
static bool is_one_file(const char *a, const char *b) {
    char one[4096], other[4096];
    const char *name = strrchr(a, '/'), *second = strrchr(b, '/');
    snprintf(one, sizeof one, "%.*s", name ? (int)(name - a) + 1 : 1, name ? a : ".");
    snprintf(other, sizeof other, "%.*s", second ? (int)(second - b) + 1 : 1, second ? b : ".");
    return path_is_same(a, b) || (!strcmp(name ? name + 1 : a, second ? second + 1 : b) && path_is_same(one, other));
}

static status check_output(const output *all, int index, const char *const *read, int count) {
    atomic_file trial;
    const output *this = &all[index];
    for (int i = 0; i < index; i++)
        if (is_one_file(all[i].path, this->path))
            return status_fail(STATUS_USAGE, "%s would be written twice: it is %s and %s", this->path, all[i].option,
                               this->option);
    for (int i = 0; i < count; i++)
        TRY(argument_keeps(this->option, this->path, read[i]));
    TRY(atomic_file_begin(this->path, &trial));
    atomic_file_abandon(&trial);
    return STATUS_OK;
}

status evaluate_outputs_check(const evaluate_outputs *o, const char *const *read, int count) {
    output all[MOST_OUTPUTS];
    int outputs;
    TRY(list_outputs(o, all, &outputs));
    if (o->folder)
        TRY(folder_create(o->folder));
    for (int i = 0; i < outputs; i++)
        TRY(check_output(all, i, read, count));
    return STATUS_OK;
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
