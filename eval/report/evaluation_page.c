#include "eval/report/evaluation_page.h"

#include "core/html/html_plot.h"
#include "core/html/html_text.h"
#include "eval/measure/roc_curve.h"
#include "eval/report/gallery_page.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CHOSEN = 4, WORST = 6, MARKS = 24 };

gallery_options evaluation_page_gallery(int images, match_protocol protocol) {
    return (gallery_options){.images = images, .protocol = protocol, .chosen = CHOSEN, .worst = WORST, .marks = MARKS};
}

static void show_value(metric_id id, double value, char out[32]) {
    const metric *what = &metric_table[id];
    if (isfinite(value))
        snprintf(out, 32, "%.*f", what->decimals, value * metric_unit_factor(what->unit));
    else
        snprintf(out, 32, "–");
}

/* --- the published figures, large --- */

static void print_card(FILE *stream, const evaluation *e, metric_id id) {
    const metric *what = &metric_table[id];
    char value[32], low[32], high[32];
    show_value(id, metric_value(id, &e->counts), value);
    fputs("<div><dt title=\"", stream);
    html_print_text(stream, what->help);
    fprintf(stream, "\">%s</dt><dd>%s <small>%s</small>", what->label, value, metric_unit_name(what->unit));
    if (e->intervals) {
        show_value(id, e->intervals[id].low, low);
        show_value(id, e->intervals[id].high, high);
        fprintf(stream, "<br><small>%s to %s</small>", low, high);
    }
    fputs("</dd></div>", stream);
}

static void print_cards(FILE *stream, const evaluation *e) {
    fputs("<dl class=\"cards\">", stream);
    for (int id = 0; id < METRICS; id++)
        if (metric_table[id].group == GROUP_PUBLISHED)
            print_card(stream, e, (metric_id)id);
    fputs("</dl>\n", stream);
}

/* Of figures that say nothing, the detector's or those of the other one. */
static void print_remark(FILE *stream, const char *name, const char *remark) {
    if (!remark)
        return;
    fputs("<p class=\"note\">", stream);
    html_print_text(stream, name);
    fputs(": ", stream);
    html_print_text(stream, remark);
    fputs(".</p>\n", stream);
}

static void print_empty(FILE *stream, const evaluation *e) {
    char remark[512];
    if (evaluation_empty_remark(e, remark, sizeof remark))
        fprintf(stream, "<p class=\"note\">%s.</p>\n", remark);
}

static void print_protocol(FILE *stream, const evaluation *e) {
    const evaluate_options *o = &e->options;
    const metrics *m = &e->counts;
    fprintf(stream, "<p class=\"note\">%" PRId64 " images ", m->images);
    if (o->sample.size > 0)
        fprintf(stream, "resized to %d &times; %d%s", o->sample.size, o->sample.size, sample_resizing_text(&o->sample));
    else
        fputs("at their own size", stream);
    fprintf(stream,
            ", rule %s &gt; %.9g, mask %s, protocol %s. %" PRId64 " targets, %" PRId64 " found; %" PRId64
            " false pixels",
            score_rule_names[o->how.rule], scoring_threshold(&o->how), mask_rule_names[o->sample.mask],
            match_protocol_names[o->how.protocol], m->targets, m->targets_detected, m->false_pixels);
    if (!isnan(e->ms_per_image))
        fprintf(stream, ". %.2f ms an image", e->ms_per_image);
    if (e->params > 0)
        fprintf(stream, ", %" PRId64 " parameters", e->params);
    fputs(".</p>\n", stream);
    if (o->how.rule != RULE_SCORE)
        fputs("<p class=\"note\">Scores on this page are those of detect, before the rule brings them to its "
              "scale.</p>\n",
              stream);
    if (e->intervals || e->against)
        fprintf(stream,
                "<p class=\"note\">Ranges are %g %% confidence intervals: bootstrap over the images, %d draws, seed "
                "%" PRIu64 ".</p>\n",
                100 * BOOTSTRAP_CONFIDENCE, e->how_sure.draws, e->how_sure.seed);
}

/* --- all metrics --- */

static void cell_metric(FILE *stream, metric_id id, double value) {
    char shown[32];
    show_value(id, value, shown);
    html_cell_number(stream, value * metric_unit_factor(metric_table[id].unit), shown);
}

/* With its interval. */
static void cell_difference(FILE *stream, metric_id id, const comparison *c) {
    char shown[112], value[32], low[32], high[32];
    show_value(id, c->difference, value);
    show_value(id, c->interval.low, low);
    show_value(id, c->interval.high, high);
    snprintf(shown, sizeof shown, "%s%s [%s, %s]", c->difference > 0 ? "+" : "", value, low, high);
    html_cell_number(stream, c->difference * metric_unit_factor(metric_table[id].unit), shown);
}

static void print_metric(FILE *stream, const evaluation *e, metric_id id) {
    char p[32] = "–";
    html_row_begin(stream);
    html_cell_text(stream, metric_table[id].label);
    cell_metric(stream, id, metric_value(id, &e->counts));
    html_cell_text(stream, metric_unit_name(metric_table[id].unit));
    if (e->intervals) {
        cell_metric(stream, id, e->intervals[id].low);
        cell_metric(stream, id, e->intervals[id].high);
    }
    if (e->against) {
        cell_difference(stream, id, &e->against[id]);
        if (isfinite(e->against[id].p))
            snprintf(p, sizeof p, "%.3g", e->against[id].p);
        html_cell_number(stream, e->against[id].p, p);
    }
    html_cell_text(stream, metric_table[id].help);
    html_row_end(stream);
}

static void print_metrics(FILE *stream, const evaluation *e) {
    html_column columns[8] = {{"metric", NULL, false}, {"value", NULL, true}, {"unit", NULL, false}};
    int count = 3;
    if (e->intervals) {
        columns[count++] = (html_column){"low", "lower end of the confidence interval", true};
        columns[count++] = (html_column){"high", "upper end of the confidence interval", true};
    }
    if (e->against) {
        columns[count++] =
            (html_column){"difference", "to the other detector on the same images, and its confidence interval", true};
        columns[count++] = (html_column){"p", "of the difference", true};
    }
    columns[count++] = (html_column){"what it is", NULL, false};
    if (e->against) {
        fputs("<p class=\"note\">Differences are to ", stream);
        html_print_text(stream, e->against_name);
        fprintf(stream, ", rule %s &gt; %.9g.</p>\n", score_rule_names[e->options.how.rule], e->against_threshold);
    }
    html_table_begin(stream, NULL, columns, count);
    for (int id = 0; id < METRICS; id++)
        print_metric(stream, e, (metric_id)id);
    html_table_end(stream);
}

/* --- the page --- */

static status print_roc(FILE *stream, const evaluation *e) {
    roc_curve *curve = malloc(sizeof *curve);
    if (!curve)
        return status_fail(STATUS_MEMORY, "out of memory for a ROC curve");
    roc_curve_fill(curve, e->method, &e->counts);
    plot_series series = roc_curve_series(curve);
    plot p = roc_curve_plot("ROC", &series, 1);
    html_print_plot(stream, &p);
    free(curve);
    return STATUS_OK;
}

status evaluation_page_print(const evaluation *e, const gallery *g, html_page *page) {
    FILE *stream = html_page_stream(page);
    html_page_section(page, "Figures");
    print_cards(stream, e);
    print_remark(stream, e->method, metrics_remark(&e->counts));
    print_remark(stream, e->against_name, e->against_remark);
    print_protocol(stream, e);
    print_empty(stream, e);
    html_page_section(page, "ROC");
    TRY(print_roc(stream, e));
    html_page_section(page, "All metrics");
    print_metrics(stream, e);
    return gallery_print(g, page);
}

status evaluation_page_write(const evaluation *e, const gallery *g, const char *path) {
    char title[600];
    html_page *page;
    snprintf(title, sizeof title, "%.200s on %.200s, split %.100s", e->method, e->dataset, e->split);
    TRY(html_page_new(title, "A detector's figures on a data set, and what it made of the images", &page));
    status result = evaluation_page_print(e, g, page);
    if (result == STATUS_OK)
        result = html_page_save(page, path);
    html_page_free(page);
    return result;
}

status evaluation_page_check_path(const char *path) {
    size_t length = strlen(path), suffix = strlen(".html");
    return length > suffix && strcmp(path + length - suffix, ".html") == 0
               ? STATUS_OK
               : status_fail(STATUS_USAGE, "%s: a report goes to a file that ends in .html", path);
}
