#include "modules/detector_private.h"

#include <math.h>

static parameter *part_of(const detector *d, const prior_site *site, const char *part) {
    return parameter_find(&d->parameters, layer_named("%s.%s", site->layer.text, part).text);
}

static status check_site(const detector *d, const prior_site *site) {
    if (part_of(d, site, "weight") && part_of(d, site, "bias"))
        return STATUS_OK;
    return status_fail(STATUS_USAGE, "%s: no prior can be set in %s, which is no layer with a bias", d->type->name,
                       site->layer.text);
}

/* What the layer is multiplied by on its way to the logit; 0 is refused. */
static status factor_of(const detector *d, const prior_site *site, double *out) {
    const parameter *factor = *site->factor.text ? parameter_find(&d->parameters, site->factor.text) : NULL;
    double value = factor ? *factor->value : 1;
    *out = site->sign * (site->is_generated ? 1 / (1 + exp(-value)) : value);
    return *out != 0
               ? STATUS_OK
               : status_fail(STATUS_USAGE, "%s: no prior can be set while %s is 0", d->type->name, site->factor.text);
}

/* The share of the logit that comes with the heads. */
static double share_of_heads(const detector *d, const prior_site *site) {
    const parameter *weight = part_of(d, site, "weight");
    double sum = 0;
    for (size_t i = 0; site->fuses_heads && i < weight->count; i++)
        sum += weight->value[i];
    return sum;
}

status detector_set_prior(detector *d, double probability) {
    if (!d->type->build)
        return status_fail(STATUS_USAGE, "%s has no parameters that a prior could be set in", d->type->name);
    if (!(probability > 0 && probability < 1))
        return status_fail(STATUS_USAGE, "a prior probability of %g: expected one between 0 and 1", probability);
    network_outputs outputs = {0};
    TRY(detector_probe(d, &outputs));
    double logit = log(probability / (1 - probability)), factors[NETWORK_HEADS];
    if (outputs.prior_count == 0)
        return status_fail(STATUS_USAGE, "%s names no layer that a prior could be set in (network_add_prior)",
                           d->type->name);
    for (int i = 0; i < outputs.prior_count; i++) {
        TRY(check_site(d, &outputs.priors[i]));
        TRY(factor_of(d, &outputs.priors[i], &factors[i]));
    }
    for (int i = 0; i < outputs.prior_count; i++) {
        const prior_site *site = &outputs.priors[i];
        *part_of(d, site, "bias")->value = (float)(logit * (1 - share_of_heads(d, site)) / factors[i]);
    }
    return STATUS_OK;
}
