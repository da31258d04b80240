#include "eval/programs/evaluate_ways.h"

#include "core/base/peers.h"

static status print(const evaluation *all, int count, report_format format, report_extent extent) {
    if (format != REPORT_TEXT || extent != REPORT_ALL)
        return evaluation_print_all(all, count, format, stdout);
    for (int i = 0; i < count; i++)
        TRY(evaluation_print(&all[i], format, extent, stdout));
    return STATUS_OK;
}

status evaluate_ways(const score_source *source, const dataset *set, const evaluation *like, report_format format,
                     report_extent extent, void (*say)(void *context, const char *remark), void *context) {
    evaluation all[2 * SCORE_RULES];
    int count = 0;
    for (int i = 0; i < SCORE_RULES; i++)
        for (int p = 0; p < 2; p++) {
            if (i == RULE_LOGIT) /* a picture holds none */
                continue;
            evaluation *e = &all[count++];
            *e = *like;
            e->options.how = (scoring){.rule = (score_rule)i, .protocol = (match_protocol)p};
            TRY(evaluate_source(source, set, &e->options, &e->counts, NULL));
        }
    if (peers_rank(like->options.peers) > 0)
        return STATUS_OK;
    TRY(print(all, count, format, extent));
    for (int i = 0; i < count; i += 2) { /* both protocols predict the same */
        char remark[256];
        const char *fault = metrics_remark(&all[i].counts);
        snprintf(remark, sizeof remark, "rule %s: %s", score_rule_names[all[i].options.how.rule], fault ? fault : "");
        if (fault)
            say(context, remark);
    }
    return STATUS_OK;
}
