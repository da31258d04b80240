#include "eval/experiments/column.h"

#include <math.h>
#include <stdio.h>

double column_value(const grid_column *c, const cell *from) {
    switch (c->kind) {
    case COLUMN_METRIC:
        break;
    case COLUMN_PARAMS:
        return (double)from->params / 1e6;
    case COLUMN_SECONDS:
        return from->ms_image / 1e3;
    case COLUMN_MILLISECONDS:
        return from->ms_image;
    }
    return metric_shown(c->metric, &from->counts);
}

bool column_interval(const grid_column *c, const cell *from, interval *out) {
    if (c->kind != COLUMN_METRIC || !from->has_intervals)
        return false;
    double factor = metric_unit_factor(metric_table[c->metric].unit);
    *out = (interval){factor * from->intervals[c->metric].low, factor * from->intervals[c->metric].high};
    return !isnan(out->low);
}

table_column column_head(const grid_column *c, const char *condition, char label[32], char key[32]) {
    const metric *m = &metric_table[c->metric];
    switch (c->kind) {
    case COLUMN_METRIC:
        break;
    case COLUMN_PARAMS:
        return (table_column){"#params", "M", "params_million", c->decimals, c->judged};
    case COLUMN_SECONDS:
        return (table_column){"CPU", "s/image", "cpu_seconds", c->decimals, c->judged};
    case COLUMN_MILLISECONDS:
        snprintf(label, 32, "%.12s x %.12s", condition, condition);
        snprintf(key, 32, "ms_%.12s", condition);
        return (table_column){label, "ms", key, c->decimals, c->judged};
    }
    snprintf(key, 32, "%.20s%s", m->name, metric_unit_suffix(m->unit));
    return (table_column){m->label, metric_unit_name(m->unit), key, c->decimals ? c->decimals : m->decimals, c->judged};
}

const char *column_section(const grid_column *c) {
    return c->kind == COLUMN_PARAMS ? "_params" : c->kind == COLUMN_SECONDS ? "_seconds" : "";
}
