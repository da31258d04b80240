#include "modules/classic/apg_factored.h"

#include <math.h>

status apg_factored_new(engine *e, apg_factored *s, const ipi_problem *p, svt *decomposition, workspace *work) {
    *s = (apg_factored){.p = p, .decomposition = decomposition};
    TRY(factored_gram_new(e, &s->background, p->m, p->n, p->D, decomposition->gram, work));
    return target_entries_new(e, &s->target, p->m, p->n, p->D, work);
}

void apg_factored_begin(engine *e, apg_factored *s, double mu) {
    const apg_pace pace = {.next_mu = mu};
    target_step(e, &s->target, &s->background.next, &s->background.now, &pace, s->p->lambda, false);
}

status apg_factored_step(engine *e, apg_factored *s, const apg_pace *pace, solver_report *report) {
    factored_gram *background = &s->background;
    double step2, norm2;
    background->a = 1 + pace->momentum;
    background->b = -pace->momentum;
    background->next_momentum = pace->next_momentum;
    TRY(factored_gram_decompose(e, background, &s->target, s->decomposition, pace->mu / APG_TAU));
    bool last = s->decomposition->rank > pace->most_rank;
    factored_gram_next(e, background, &s->target, s->decomposition, last, &step2, &norm2);
    target_sums sums = target_step(e, &s->target, &background->next, &background->now, pace, s->p->lambda, last);
    if (!last)
        factored_gram_advance(background, s->decomposition);
    /* As tau is 2, S_B = Y_B - B + T - Y_T and S_T = -S_B. */
    step2 = 2 * (step2 + 2 * sums.cross + sums.step2);
    report->rank = s->decomposition->rank;
    report->nonzero = sums.card;
    report->measure = sqrt(fmax(step2, 0)) / (APG_TAU * fmax(1, sqrt(norm2 + sums.norm2)));
    return STATUS_OK;
}
