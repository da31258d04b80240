#include "eval/experiments/training_notes.h"

#include "eval/experiments/report.h"
#include "eval/experiments/sweep.h"
#include "modules/training_cost.h"

#include <stdio.h>
#include <string.h>

static bool trains_any(const experiment *e) {
    bool any = false;
    for (int m = 0; m < e->method_count; m++)
        for (int d = 0; d < e->data_count; d++)
            any |= sweep_trains(e, m, d);
    return any;
}

static bool follows(const experiment *e, int method, int data, const char *path) {
    const char *own = experiment_recipe_of(e, method, data)->path;
    return own && !strcmp(own, path);
}

/* Which inis the trainings of a method follow: a line, if one is for all data sets. */
static status note_recipes(const experiment *e, int method, table *t) {
    const char *name = e->methods[method].name, *first = experiment_recipe_of(e, method, 0)->path;
    bool same = first != NULL;
    for (int d = 0; d < e->data_count; d++)
        same = same && follows(e, method, d, first) && sweep_trains(e, method, d);
    if (same)
        return report_note(t, "%s is trained as %s says.", name, first);
    for (int d = 0; d < e->data_count; d++) {
        const char *path = experiment_recipe_of(e, method, d)->path;
        if (path && sweep_trains(e, method, d))
            TRY(report_note(t, "%s on %s is trained as %s says.", name, e->data[d].name, path));
    }
    return STATUS_OK;
}

status training_notes_how(const experiment *e, table *t) {
    if (!trains_any(e))
        return STATUS_OK;
    char budget[900] = "", chosen[128];
    bool any_recipe = false;
    for (int i = 0; i < e->method_count * e->data_count; i++)
        any_recipe |= e->recipes[i].path != NULL;
    for (int i = 0; i < e->train.count; i++) {
        size_t used = strlen(budget);
        snprintf(budget + used, sizeof budget - used, "%s%s", i ? ", " : "", e->train.names[i]);
    }
    TRY(report_note(t, "Trained here: %s; %d seed%s (mean ± standard deviation where there are two or more), the %s.",
                    *budget      ? budget
                    : any_recipe ? "each as said below"
                                 : "the defaults of train",
                    e->seed_count, e->seed_count == 1 ? "" : "s",
                    e->keep_last ? "last checkpoint" : "checkpoint that was best during training"));
    for (int m = 0; m < e->method_count; m++)
        TRY(note_recipes(e, m, t));
    for (int d = 0; d < e->data_count && !e->keep_last; d++) {
        sweep_selection(e, d, chosen);
        TRY(report_note(t, "The best checkpoint on %s is chosen on %s.", e->data[d].name, chosen));
    }
    return STATUS_OK;
}

/* One of the trainings that is finished: all of it, also where its best epoch, that is evaluated, was an early one. */
static status note_cost(const grid *g, int method, int data, int seed, table *t) {
    const experiment *e = g->e;
    char checkpoint[4096], text[400];
    bool found;
    training_cost cost = {0};
    TRY(sweep_last_checkpoint(e, g->folder, method, data, e->seeds[seed], checkpoint, &found));
    if (found)
        TRY(training_cost_read_file(checkpoint, &cost));
    training_cost_text(&cost, text, sizeof text);
    return *text ? report_note(t, "- %s on %s, seed %lld: %s", e->methods[method].name, e->data[data].name,
                               (long long)e->seeds[seed], text)
                 : STATUS_OK;
}

status training_notes_costs(const grid *g, table *t) {
    const experiment *e = g->e;
    for (int m = 0; m < e->method_count; m++)
        for (int d = 0; d < e->data_count; d++)
            for (int seed = 0; seed < e->seed_count && sweep_trains(e, m, d); seed++)
                TRY(note_cost(g, m, d, seed, t));
    return STATUS_OK;
}
