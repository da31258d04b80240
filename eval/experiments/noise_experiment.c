#include "eval/experiments/noise_experiment.h"

#include "core/io/text_buffer.h"
#include "eval/experiments/number_list.h"
#include "eval/experiments/report.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

const config_key noise_keys[] = {
    {"noise.gaussian", CONFIG_TEXT, "", 0, 0, NULL, "", "variances for grey values in [0, 1], increasing"},
    {"noise.salt_and_pepper", CONFIG_TEXT, "", 0, 0, NULL, "", "shares of the pixels that become 0 or 1, increasing"},
    {"noise.seeds", CONFIG_TEXT, "1 2 3", 0, 0, NULL, "", "each level is evaluated with every seed"},
    {"noise.place", CONFIG_CHOICE, "after", 0, 0, "after|before", "", "noise comes after or before resizing"},
    {"noise.range", CONFIG_CHOICE, "clipped", 0, 0, "clipped|unclipped", "", "clipped: cut off at 0 and 1"},
    {"noise.examples", CONFIG_TEXT, "", 0, 0, NULL, "",
     "samples to show at every level: NAME, or DATA/NAME with several data sets"},
};
const int noise_key_count = sizeof noise_keys / sizeof *noise_keys;

const grid_column noise_columns[NOISE_COLUMNS] = {
    {.metric = METRIC_miou}, {.metric = METRIC_niou}, {.metric = METRIC_f1},
    {.metric = METRIC_pd},   {.metric = METRIC_fa},
};

const char *noise_title(noise_kind kind) {
    return kind == NOISE_GAUSSIAN ? "Gaussian noise" : "Salt-and-pepper noise";
}

const char *noise_unit(noise_kind kind) {
    return kind == NOISE_GAUSSIAN ? "variance" : "density";
}

/* --- configuration --- */

static const char *const level_keys[] = {
    [NOISE_GAUSSIAN] = "noise.gaussian", [NOISE_SALT_AND_PEPPER] = "noise.salt_and_pepper"};
static const double highest_level[] = {[NOISE_GAUSSIAN] = 100, [NOISE_SALT_AND_PEPPER] = 1};

/* The levels as given, without that of the clean image. */
static status read_levels(const experiment *e, int kind, number_list *out) {
    const char *key = level_keys[kind];
    TRY(number_list_read(key, config_text(e->c, key), NUMBERS_REAL, 0, highest_level[kind], out));
    if (out->count > 0 && out->values[0] == 0)
        memmove(out->values, out->values + 1, (size_t)--out->count * sizeof *out->values);
    return out->count < MOST_NUMBERS
               ? STATUS_OK
               : status_fail(STATUS_USAGE, "%s: expected at most %d levels above 0", key, MOST_NUMBERS - 1);
}

static status read_seeds(const experiment *e, number_list *out) {
    return number_list_read("noise.seeds", config_text(e->c, "noise.seeds"), NUMBERS_WHOLE, 0, UINT32_MAX, out);
}

status noise_check(const experiment *e) {
    number_list gaussian, salt, seeds;
    TRY(read_levels(e, NOISE_GAUSSIAN, &gaussian));
    TRY(read_levels(e, NOISE_SALT_AND_PEPPER, &salt));
    TRY(read_seeds(e, &seeds));
    if (!strcmp(config_text(e->c, "noise.place"), "before") && e->evaluate.sample.size > 0 &&
        e->evaluate.sample.resizing == RESIZE_PILLOW)
        return status_fail(
            STATUS_USAGE, "evaluate.resize = pillow: noisy images are resized by OpenCV's rules only; expected opencv, "
                          "or noise.place = after");
    if (gaussian.count + salt.count == 0)
        return status_fail(STATUS_USAGE, "noise.gaussian and noise.salt_and_pepper are both empty; expected levels");
    return seeds.count ? STATUS_OK : status_fail(STATUS_USAGE, "noise.seeds is empty; expected whole numbers");
}

/* --- conditions --- */

static status add_levels(grid *g, int kind, int seeds) {
    number_list levels;
    TRY(read_levels(g->e, kind, &levels));
    for (int i = -1; i < levels.count && levels.count > 0; i++) {
        grid_condition c = {.kind = kind, .value = i < 0 ? 0 : levels.values[i], .draws = i < 0 ? 1 : seeds};
        snprintf(c.section, sizeof c.section, "%s", noise_title((noise_kind)kind));
        snprintf(c.label, sizeof c.label, "%g", c.value);
        TRY(grid_add_condition(g, &c));
    }
    return STATUS_OK;
}

status noise_conditions(grid *g) {
    number_list seeds;
    TRY(read_seeds(g->e, &seeds));
    TRY(add_levels(g, NOISE_GAUSSIAN, seeds.count));
    return add_levels(g, NOISE_SALT_AND_PEPPER, seeds.count);
}

noise noise_of(const experiment *e, const grid_condition *c, int draw) {
    number_list seeds;
    bool before = strcmp(config_text(e->c, "noise.place"), "before") == 0;
    bool unclipped = strcmp(config_text(e->c, "noise.range"), "unclipped") == 0;
    if (read_seeds(e, &seeds) != STATUS_OK) /* noise_check has read them */
        seeds.values[draw] = 0;
    return (noise){.kind = (noise_kind)c->kind,
                   .level = c->value,
                   .seed = (uint64_t)seeds.values[draw],
                   .place = before ? NOISE_BEFORE_RESIZING : NOISE_AFTER_RESIZING,
                   .range = unclipped ? NOISE_UNCLIPPED : NOISE_CLIPPED};
}

static void add_noise(const void *context, const char *name, float *image, size_t pixels) {
    noise_add(context, name, image, pixels);
}

sample_variation noise_variation(const noise *n) {
    return (sample_variation){add_noise, n, n->place == NOISE_BEFORE_RESIZING};
}

/* The clean cell has no more than its method and data set: all kinds share it. */
void noise_name(const grid *g, const grid_place *at, char file[128], char key[256]) {
    noise n = noise_of(g->e, &g->conditions[at->condition], at->draw);
    if (n.level <= 0)
        return;
    unsigned long long seed = n.seed;
    snprintf(file, 128, ".%s_%g.seed%llu", noise_kind_names[n.kind], n.level, seed);
    snprintf(key, 256, "; noise %s %.17g %s resizing, %s, seed %llu", noise_kind_names[n.kind], n.level,
             noise_place_names[n.place], noise_range_names[n.range], seed);
}

status noise_measure(const grid *g, const grid_place *at, detector *d, const dataset *set, cell *out) {
    noise n = noise_of(g->e, &g->conditions[at->condition], at->draw);
    sample_variation vary = noise_variation(&n);
    return grid_evaluate(g, at, d, set, n.level > 0 ? &vary : NULL, out);
}

/* --- what it comes to --- */

static double miou_of(const grid *g, int data, int method, int condition) {
    return grid_value(g, method, data, condition, &noise_columns[0]).value;
}

/* The mean over the noisy levels first + 1 .. end - 1 of the share that is left of the clean image's mIoU; NaN if that
 * is 0 or something is missing. */
static double kept_share(const grid *g, int data, int method, int first, int end) {
    double clean = miou_of(g, data, method, first), sum = 0;
    for (int c = first + 1; c < end; c++)
        sum += miou_of(g, data, method, c);
    return clean > 0 ? sum / clean / (end - first - 1) : NAN;
}

/* The method with the highest mIoU; -1 where fewer than two have one. */
static int best_method(const grid *g, int data, int condition) {
    int best = -1, measured = 0;
    for (int m = 0; m < g->e->method_count; m++) {
        double miou = miou_of(g, data, m, condition);
        measured += !isnan(miou);
        if (!isnan(miou) && (best < 0 || miou > miou_of(g, data, best, condition)))
            best = m;
    }
    return measured > 1 ? best : -1;
}

/* Nothing of what is not measured. */
static void print_verdict(const grid *g, int data, int first, int end, FILE *stream) {
    int shares = 0, named = 0;
    for (int m = 0; m < g->e->method_count; m++) {
        double share = kept_share(g, data, m, first, end);
        if (isnan(share))
            continue;
        if (shares == 0)
            fprintf(stream, "- %s, %s: of its mIoU on clean images a method keeps, on average over the levels,",
                    g->e->data[data].name, g->conditions[first].section);
        fprintf(stream, "%s %s %.1f %%", shares++ ? "," : "", g->e->methods[m].name, 100 * share);
    }
    if (shares == 0)
        return;
    for (int c = first; c < end; c++) {
        int best = best_method(g, data, c);
        if (best < 0)
            continue;
        fprintf(stream, "%s %s at %s", named++ ? "," : ". Highest mIoU:", g->e->methods[best].name,
                g->conditions[c].label);
    }
    fputs(".", stream);
}

static status add_verdict(const grid *g, int data, int first, int end, table *t) {
    text_buffer b;
    TRY(text_buffer_begin(&b));
    print_verdict(g, data, first, end, b.stream);
    status result = text_buffer_end(&b);
    if (result == STATUS_OK && b.size > 0)
        result = name_list_add(&t->notes, b.text);
    text_buffer_free(&b);
    return result;
}

status noise_summarise(const grid *g, table *t) {
    const experiment *e = g->e;
    number_list seeds;
    TRY(read_seeds(e, &seeds));
    TRY(report_note(t,
                    "Levels are variances (Gaussian noise, grey values in [0, 1]) or shares of the pixels (salt and "
                    "pepper, half of each). Noise comes %s resizing and is %s. Mean and standard deviation over %d "
                    "seed%s of it, with every training; level 0 is the clean image.",
                    config_text(e->c, "noise.place"), config_text(e->c, "noise.range"), seeds.count,
                    seeds.count == 1 ? "" : "s"));
    TRY(report_note(t, "%s", ""));
    for (int d = 0; d < e->data_count; d++)
        for (int first = 0, end; first < g->condition_count; first = end) {
            end = grid_section_end(g, first);
            TRY(add_verdict(g, d, first, end, t));
        }
    return report_note(t, "%s", "");
}
