#include "eval/programs/evaluate_against.h"

#include "core/config/word_choice.h"
#include "core/io/file_io.h"
#include "eval/measure/operating_point.h"
#include "eval/measure/stored_threshold.h"
#include "eval/programs/arguments.h"
#include "eval/programs/shipped_weights.h"

#include <assert.h>
#include <string.h>

/* A name that is no file: the path of weights that come with the programs, or "" for a method. */
static status find_named(const char *name, char path[4096]) {
    enum { MOST = 64 };
    const char *words[MOST];
    int count = 0, chosen;
    *path = '\0';
    while (shipped_weights_name(count))
        words[count] = shipped_weights_name(count), count++;
    int shipped = count;
    for (int i = 0; i < detector_method_count(); i++)
        if (detector_method_score_kind(i) == SCORE_RAW)
            words[count++] = detector_method_name(i);
    words[count++] = "FILE.h5"; /* there is none, or it would have been found */
    assert(count <= MOST);
    TRY(word_choose("--against", name, words, count, &chosen));
    return chosen < shipped ? shipped_weights_path(name, path) : STATUS_OK;
}

status rival_find(const char *name, rival *out) {
    if (path_is_file(name))
        return path_join(out->checkpoint, "", name, "");
    if (strpbrk(name, "/."))
        return status_fail(STATUS_INPUT, "%s: no such file", name);
    return find_named(name, out->checkpoint);
}

status rival_open(rival *r, engine *e, const char *name, const char *range, const detector_tiles *tiles,
                  const evaluate_options *how) {
    const char *checkpoint = *r->checkpoint ? r->checkpoint : NULL;
    r->how = *how;
    r->how.label = "evaluate the other";
    TRY(argument_range(range, checkpoint, &r->range));
    TRY(argument_detector(e, checkpoint, WEIGHTS_BEST, checkpoint ? NULL : name, NULL, 0, &r->d));
    detector_set_tiles(r->d, tiles);
    r->source = detector_source(r->d);
    TRY(evaluate_check(&r->source, &r->how));
    return stored_threshold_take(checkpoint, &r->how.how, &r->threshold);
}

void rival_free(rival *r) {
    records_free(r->kept);
    detector_free(r->d);
}

status rival_measure(rival *r, dataset *set, const double *rate) {
    double reached;
    dataset_set_range(set, &r->range); /* it sees the images as it was trained to */
    if (rate) {
        TRY(operating_point_find(&r->source, set, &r->how, *rate, &r->threshold, &reached));
        r->how.how.threshold = &r->threshold;
    }
    TRY(records_new(&r->kept));
    r->how.watcher = records_watcher(r->kept);
    return evaluate_source(&r->source, set, &r->how, &r->counts, NULL);
}
