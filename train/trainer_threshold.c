/* train.threshold_at_fa: the threshold that a finished training stores in its checkpoints, for detect. */
#include "train/trainer_private.h"

#include "core/io/file_io.h"
#include "eval/measure/operating_point.h"
#include "modules/checkpoint.h"

/* With the weights that detection takes from the file, the averaged ones where there are any. */
static status find_threshold(const trainer *t, const char *path, double rate, double *threshold, double *reached) {
    detector *d;
    TRY(checkpoint_load(t->engine, path, &d));
    evaluate_options options = trainer_evaluate_options(t);
    options.how.rule = RULE_SCORE;
    const score_source source = detector_source(d);
    status result = operating_point_find(&source, t->data.validation, &options, rate, threshold, reached);
    detector_free(d);
    return result;
}

static status store_threshold(const trainer *t, const char *path, double rate) {
    double threshold, reached;
    if (!path_is_file(path))
        return STATUS_OK;
    TRY(find_threshold(t, path, rate, &threshold, &reached));
    if (threshold >= 1) {
        trainer_say(t, "%s keeps no threshold: more than %g of the background of %s has the score 1", path, rate,
                    t->data.validated_on);
        return STATUS_OK;
    }
    TRY(checkpoint_store_threshold(path, threshold));
    trainer_say(t, "%s: detect takes pixels with a score above %.9g, which are %.3g of the background of %s", path,
                threshold, reached, t->data.validated_on);
    return STATUS_OK;
}

status trainer_store_thresholds(const trainer *t) {
    double rate = config_real(t->c, "train.threshold_at_fa");
    if (rate == 0)
        return STATUS_OK;
    char remark[256];
    if (operating_point_remark(rate, t->evaluated.counts.background_pixels, remark, sizeof remark))
        trainer_say(t, "train.threshold_at_fa: %s", remark);
    TRY(store_threshold(t, t->best, rate));
    return store_threshold(t, t->last, rate);
}
