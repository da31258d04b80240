#include "modules/classic/ipi/apg_factored.h"

#include "core/base/parallel.h"

#include <math.h>

status apg_factored_new(engine *e, apg_factored *s, const ipi_problem *p, svt *decomposition, workspace *work) {
    *s = (apg_factored){.p = p, .decomposition = decomposition};
    TRY(factored_gram_new(e, &s->background, p->m, p->n, p->D, decomposition->gram, work));
    return target_entries_new(e, &s->target, p->m, p->n, p->D, work);
}

/* From the step of `pace`, k, to the next, the present background being B_{k+1}; the sums of step k's target. */
static status prepare_next(engine *e, apg_factored *s, const apg_pace *pace, target_sums *sums) {
    factored_gram *background = &s->background;
    target_step_begin(&s->target,
                      &(target_stepping){&background->now, &background->before, *pace, s->p->lambda, false});
    TRY(factored_gram_prepare_step(e, background, &s->target, s->decomposition, pace));
    *sums = target_step_end(&s->target);
    return STATUS_OK;
}

status apg_factored_begin(engine *e, apg_factored *s, double mu) {
    target_sums none;
    return prepare_next(e, s, &(apg_pace){.next_mu = mu}, &none);
}

static void step_last(const worker *w, void *context, int item) {
    target_step_columns(w, context, item);
}

status apg_factored_step(engine *e, apg_factored *s, const apg_pace *pace, solver_report *report) {
    factored_gram *background = &s->background;
    double step2, norm2;
    target_sums sums;
    TRY(factored_gram_decompose(e, background, &s->target, s->decomposition, pace->mu / APG_TAU));
    bool last = s->decomposition->rank > pace->most_rank;
    factored_gram_compute_next(e, background, &s->target, s->decomposition, last, &step2, &norm2);
    if (last) {
        target_step_begin(&s->target,
                          &(target_stepping){&background->next, &background->now, *pace, s->p->lambda, true});
        parallel_for(e, s->target.items, step_last, &s->target);
        sums = target_step_end(&s->target);
    } else {
        factored_gram_shift(background, s->decomposition);
        TRY(prepare_next(e, s, pace, &sums));
    }
    /* As tau is 2, S_B = Y_B - B + T - Y_T and S_T = -S_B. */
    step2 = 2 * (step2 + 2 * sums.cross + sums.step2);
    report->rank = s->decomposition->rank;
    report->nonzero = sums.card;
    report->measure = sqrt(fmax(step2, 0)) / (APG_TAU * fmax(1, sqrt(norm2 + sums.norm2)));
    return STATUS_OK;
}
