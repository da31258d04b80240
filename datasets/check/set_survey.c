#include "datasets/check/set_survey.h"

#include "core/base/process.h"
#include "core/io/png_alpha.h"
#include "datasets/check/known_sets.h"
#include "datasets/check/set_content.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUES = 65536 };

/* What may be wrong with a mask that is nearly all target. */
static const char *explain_cover(const dataset *d, int index) {
    const char *path = dataset_mask_path(d, index);
    return path && png_alpha_varies(path) ? "its label seems to be in the alpha channel, which is not read"
                                          : "it seems to be inverted, or no mask";
}

static status refuse_cover(const dataset *d, int index, double share) {
    const char *path = dataset_mask_path(d, index);
    return status_fail(STATUS_INPUT,
                       "%s%s%s: targets cover %.0f %% of the image; small targets cover less than half: %s",
                       path ? path : dataset_name(d), path ? "" : ", mask of ",
                       path ? "" : dataset_sample_name(d, index), 100 * share, explain_cover(d, index));
}

/* Notes the values of a mask that is not empty. `counts`: how many pixels have each value. */
static void note_values(set_survey *s, const int *counts, int maximum, int64_t taken) {
    int different = 0;
    int64_t lit = 0;
    for (int value = 1; value <= maximum; value++) {
        different += counts[value] > 0;
        lit += counts[value];
    }
    s->lost += taken == 0;
    if (different == 1)
        return;
    s->grey++;
    s->numbered += different == maximum; /* 1 to n, none missing */
    s->targets += taken;
    s->lit += lit;
}

static status count_values(const grey_image *mask, int **out) {
    *out = calloc(VALUES, sizeof **out);
    if (!*out)
        return status_fail(STATUS_MEMORY, "out of memory for the values of a mask");
    for (size_t i = 0; i < grey_image_pixels(mask); i++)
        (*out)[mask->pixels[i]]++;
    return STATUS_OK;
}

static status count_taken(const grey_image *mask, int maximum, mask_rule rule, int64_t *out) {
    uint8_t *label = malloc(grey_image_pixels(mask));
    if (!label)
        return status_fail(STATUS_MEMORY, "out of memory for a mask");
    mask_to_label(mask, maximum, rule, label);
    *out = 0;
    for (size_t i = 0; i < grey_image_pixels(mask); i++)
        *out += label[i];
    free(label);
    return STATUS_OK;
}

status set_survey_add(set_survey *s, const dataset *d, int index, const grey_image *image, const grey_image *mask) {
    int maximum = mask_maximum(mask), *counts;
    int64_t taken = 0;
    s->samples++;
    s->content = set_content_add(s->content, dataset_sample_name(d, index), image, mask);
    s->largest = maximum > s->largest ? maximum : s->largest;
    s->unequal += image->width != mask->width || image->height != mask->height;
    grey_span_add(&s->span, image);
    image_sizes_add_image(&s->sizes, image);
    if (maximum == 0) {
        s->empty++;
        return STATUS_OK;
    }
    TRY(count_taken(mask, maximum, s->rule, &taken));
    TRY(count_values(mask, &counts));
    note_values(s, counts, maximum, taken);
    free(counts);
    double share = (double)taken / (double)grey_image_pixels(mask);
    if (share > 0.5)
        return refuse_cover(d, index, share);
    TRY(vanished_targets_add(mask, maximum, s->rule, &s->resizing, &s->resized, &s->vanished));
    return s->finds_shift ? mask_registration_add(&s->registration, image, mask, maximum, s->rule) : STATUS_OK;
}

static status remark(name_list *remarks, const dataset *d, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static status remark(name_list *remarks, const dataset *d, const char *format, ...) {
    char line[1024];
    int used = snprintf(line, sizeof line, "%.200s, split %.100s: ", dataset_name(d), dataset_split(d));
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line + used, sizeof line - (size_t)used, format, arguments);
    va_end(arguments);
    return name_list_add(remarks, line);
}

/* Black masks may have their label where it is not read. */
static const char *mask_with_alpha(const dataset *d) {
    for (int i = 0; i < dataset_count(d); i++) {
        const char *path = dataset_mask_path(d, i);
        if (path && png_alpha_varies(path))
            return path;
    }
    return NULL;
}

static status refuse_empty(const set_survey *s, const dataset *d) {
    const char *path = mask_with_alpha(d);
    return status_fail(STATUS_INPUT, "%s, split %s: no target at all: all %lld masks are empty%s%s%s", dataset_name(d),
                       dataset_split(d), (long long)s->samples, path ? "; the label of " : "", path ? path : "",
                       path ? " seems to be in the alpha channel, which is not read" : "");
}

static status refuse_no_target(const set_survey *s, const dataset *d, const survey_words *w) {
    if (s->lost == 0)
        return refuse_empty(s, d);
    return status_fail(STATUS_INPUT,
                       "%s, split %s: no target at all: the largest value of a mask is %d, and %s%s takes those above "
                       "half of full scale; %s",
                       dataset_name(d), dataset_split(d), s->largest, w->mask ? w->mask : "", "half",
                       w->mask ? "max or any takes it" : "rewrite the masks");
}

/* "--mask" or "evaluate.mask", without what follows in front of a value. */
static int mask_name(const survey_words *w) {
    return w->mask ? (int)strcspn(w->mask, " ") : 0;
}

static status remark_numbered(const set_survey *s, const dataset *d, const survey_words *w, name_list *remarks) {
    char advice[160];
    if (!w->mask)
        snprintf(
            advice, sizeof advice,
            "the largest number counts fully, the others less: rewrite the masks ('prepare pack --mask any' does)");
    else if (s->rule == MASK_ANY)
        snprintf(advice, sizeof advice, "any value above 0 is a target");
    else
        snprintf(advice, sizeof advice, "%s: give %sany",
                 s->rule == MASK_MAX ? "only the last of each counts" : "those up to half of full scale do not count",
                 w->mask);
    return remark(remarks, d, "%lld of %lld masks hold 1, 2, 3 ... as if they numbered their targets; %s",
                  (long long)s->grey, (long long)s->samples, advice);
}

static status remark_grey(const set_survey *s, const dataset *d, const survey_words *w, name_list *remarks) {
    char others[80] = " when evaluated, and the others are learnt as less";
    if (s->numbered == s->grey)
        return remark_numbered(s, d, w, remarks);
    if (w->mask)
        snprintf(others, sizeof others, "; another %.*s counts others", mask_name(w), w->mask);
    return remark(
        remarks, d,
        "%lld of %lld masks have values between 0 and their largest (soft edges, or once saved as JPEG): %lld "
        "of their %lld pixels above 0 are target%s",
        (long long)s->grey, (long long)s->samples, (long long)s->targets, (long long)s->lit, others);
}

/* Where the light is, in words, seen from its mask. */
static const char *side_of(const registration_shift *shift) {
    static const char *const sides[3][3] = {{"above and left of", "above", "above and right of"},
                                            {"left of", "on", "right of"},
                                            {"below and left of", "below", "below and right of"}};
    return sides[(shift->rows > 0) - (shift->rows < 0) + 1][(shift->columns > 0) - (shift->columns < 0) + 1];
}

static status remark_shift(const set_survey *s, const dataset *d, const survey_words *w, name_list *remarks) {
    registration_shift shift;
    if (!w->turns || !mask_registration_shift(&s->registration, &shift))
        return STATUS_OK;
    double distance = fmax(fabs(shift.rows), fabs(shift.columns));
    return remark(remarks, d,
                  "%lld of %lld targets lie %s %s their masks, at most %lld as far to any other side: a network can "
                  "learn that, unless %s makes all sides alike; data.augment = none%s does not",
                  (long long)shift.targets, (long long)s->registration.targets,
                  distance < 1 ? "half a pixel" : "a pixel or more", side_of(&shift), (long long)shift.others, w->turns,
                  shift.rows == shift.columns ? " or transposes" : "");
}

/* As many grey masks, and of another size, as the public set of this name is known for. */
static bool as_published(const set_survey *s, const dataset *d) {
    const known_split *known = known_split_find(dataset_name(d), dataset_split(d));
    return known && known->counts.images == s->samples && known->counts.grey_masks == s->grey &&
           known->counts.unequal_sizes == s->unequal;
}

status set_survey_judge(const set_survey *s, const dataset *d, const survey_words *w, name_list *remarks) {
    char text[512];
    if (s->samples > 0 && s->empty + s->lost == s->samples)
        return refuse_no_target(s, d, w);
    if (dataset_range(d)->kind == RANGE_FULL && grey_span_remark(&s->span, w->range, text, sizeof text))
        TRY(remark(remarks, d, "%s", text));
    if (s->lost > 0)
        TRY(remark(remarks, d, "%lld of %lld masks are not empty but have no target under this %.*s",
                   (long long)s->lost, (long long)s->samples, w->mask ? mask_name(w) : 4, w->mask ? w->mask : "rule"));
    if (s->vanished > 0)
        TRY(remark(remarks, d, "%lld of %lld targets vanish at %dx%d, where no pixel of them is kept%s%s%s",
                   (long long)s->vanished, (long long)s->resized, s->resizing.size, s->resizing.size,
                   w->size ? ": a larger " : "", w->size ? w->size : "", w->size ? " keeps more" : ""));
    TRY(remark_shift(s, d, w, remarks));
    if (as_published(s, d))
        return STATUS_OK;
    if (s->grey > 0)
        TRY(remark_grey(s, d, w, remarks));
    if (s->unequal > 0)
        TRY(remark(remarks, d, "%lld of %lld masks have another size than their image: each is resized on its own",
                   (long long)s->unequal, (long long)s->samples));
    return STATUS_OK;
}

static status survey_sample(const dataset *d, int index, dataset_mask_size sizes, set_survey *s) {
    grey_image image = {0}, mask = {0};
    TRY(dataset_read(d, index, sizes, &image, &mask));
    status result = set_survey_add(s, d, index, &image, &mask);
    grey_image_free(&image);
    grey_image_free(&mask);
    return result;
}

status set_survey_run(const dataset *d, dataset_mask_size sizes, const survey_words *words, name_list *remarks,
                      set_survey *survey) {
    survey->finds_shift = words->turns != NULL;
    for (int i = 0; i < dataset_count(d); i++) {
        TRY(process_check_signals());
        TRY(survey_sample(d, i, sizes, survey));
    }
    return set_survey_judge(survey, d, words, remarks);
}
