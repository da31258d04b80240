/* The report of a checked set. */
#include "datasets/check/set_check.h"

static void print_split(const set_check *check, const split_check *s, FILE *stream) {
    const dataset_counts *c = &s->counts;
    split_figure figures[SPLIT_FIGURES];
    split_check_figures(s, figures);
    fprintf(stream, "%s, split %s\n", check->name, s->split);
    fprintf(stream, "  %-46s %dx%d to %dx%d\n", "sizes", c->smallest_width, c->smallest_height, c->largest_width,
            c->largest_height);
    for (int i = 0; i < SPLIT_FIGURES; i++) {
        fprintf(stream, "  %-46s %lld", figures[i].what, (long long)figures[i].value);
        if (figures[i].expected == figures[i].value)
            fprintf(stream, "  (as %s has)", s->known->set);
        fprintf(stream, "\n");
    }
}

void set_check_print(const set_check *check, FILE *stream) {
    for (int i = 0; i < check->split_count; i++)
        print_split(check, &check->splits[i], stream);
    if (!known_split_at(check->name, 0))
        fprintf(stream, "no totals to compare with: '%s' is not the name of a public set\n", check->name);
    for (int i = 0; i < check->remarks.count; i++)
        fprintf(stream, "NOTE: %s\n", check->remarks.names[i]);
    for (int i = 0; i < check->findings.count; i++)
        fprintf(stream, "WRONG: %s\n", check->findings.names[i]);
}
