#include "eval/figures/roc_plot.h"

#include "core/html/html_plot.h"
#include "core/io/file_io.h"
#include "core/io/text_buffer.h"
#include "eval/measure/roc_curve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A row for each threshold and curve; the method's name in front where there are several. */
static status write_csv(const roc_curve *curves, const char *const *methods, int count, const char *path) {
    text_buffer b;
    TRY(text_buffer_begin(&b));
    fprintf(b.stream, "%sthreshold,fpr,tpr\n", methods ? "method," : "");
    for (int k = 0; k < count; k++)
        for (int i = 0; i < ROC_POINTS; i++) {
            if (methods)
                fprintf(b.stream, "%s,", methods[k]);
            fprintf(b.stream, "%.3f,%.15g,%.15g\n", i / (ROC_POINTS - 1.0), curves[k].fpr[i], curves[k].tpr[i]);
        }
    return text_buffer_save(&b, path);
}

/* Draws to a file, or into a page if `path` is NULL. */
static status draw(const char *title, const roc_curve *curves, int count, const char *path, FILE *page) {
    plot_series *series = malloc((size_t)count * sizeof *series);
    status result = STATUS_OK;
    if (!series)
        return status_fail(STATUS_MEMORY, "out of memory for a ROC curve");
    for (int k = 0; k < count; k++)
        series[k] = roc_curve_series(&curves[k]);
    plot p = roc_curve_plot(title, series, count);
    if (path)
        result = plot_write(&p, path);
    else
        html_print_plot(page, &p);
    free(series);
    return result;
}

static status make_curves(const char *const *methods, const metrics *counts, int count, roc_curve **out) {
    *out = malloc((size_t)count * sizeof **out);
    if (!*out)
        return status_fail(STATUS_MEMORY, "out of memory for ROC curves");
    for (int k = 0; k < count; k++)
        roc_curve_fill(&(*out)[k], methods[k], &counts[k]);
    return STATUS_OK;
}

static status write_all(const char *title, const roc_curve *curves, const char *const *methods, int count,
                        const char *folder, const char *name) {
    char path[4096];
    TRY(path_join(path, folder, name, ".csv"));
    TRY(write_csv(curves, methods, count, path));
    TRY(path_join(path, folder, name, ".png"));
    TRY(draw(title, curves, count, path, NULL));
    TRY(path_join(path, folder, name, ".svg"));
    return draw(title, curves, count, path, NULL);
}

status roc_plot_write(const char *title, const char *const *methods, const metrics *counts, int count,
                      const char *folder, const char *name) {
    roc_curve *curves;
    TRY(make_curves(methods, counts, count, &curves));
    status result = write_all(title, curves, methods, count, folder, name);
    free(curves);
    return result;
}

status roc_plot_print(const char *title, const char *const *methods, const metrics *counts, int count, FILE *page) {
    roc_curve *curves;
    TRY(make_curves(methods, counts, count, &curves));
    status result = draw(title, curves, count, NULL, page);
    free(curves);
    return result;
}

/* --- one curve, in the format of the path --- */

static const char *suffix_of(const char *path) {
    const char *dot = strrchr(path, '.');
    return dot && !strchr(dot, '/') ? dot : "";
}

status roc_plot_check_path(const char *path) {
    const char *suffix = suffix_of(path);
    if (!strcmp(suffix, ".csv") || !strcmp(suffix, ".png") || !strcmp(suffix, ".svg"))
        return STATUS_OK;
    return status_fail(STATUS_USAGE, "%s: the ROC curve goes to a file that ends in .csv, .png or .svg", path);
}

status roc_plot_write_one(const char *method, const char *set, const metrics *counts, const char *path) {
    TRY(roc_plot_check_path(path));
    roc_curve *curves;
    TRY(make_curves(&method, counts, 1, &curves));
    char title[300];
    snprintf(title, sizeof title, "%.60s on %.200s", method, set);
    status result =
        strcmp(suffix_of(path), ".csv") ? draw(title, curves, 1, path, NULL) : write_csv(curves, NULL, 1, path);
    free(curves);
    return result;
}
