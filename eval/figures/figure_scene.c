#include "eval/figures/figure_scene.h"

#include "eval/measure/score_map.h"

#include <stdlib.h>
#include <string.h>

/* --- names --- */

/* Whether `word`, "DATA/NAME" with `length` bytes before the slash, is of the data set `name`. */
static bool is_of(const char *word, size_t length, const char *name) {
    return strlen(name) == length && !strncmp(name, word, length);
}

/* The data set of "DATA/NAME"; moves *word past the slash. A name alone belongs to the only data set. */
static status find_data(const experiment *e, const char *key, const char **word, int *out) {
    const char *slash = strchr(*word, '/');
    for (*out = 0; slash && *out < e->data_count; ++*out) {
        if (is_of(*word, (size_t)(slash - *word), e->data[*out].name)) {
            *word = slash + 1;
            return STATUS_OK;
        }
    }
    if (slash)
        return status_fail(STATUS_USAGE, "%s: %.100s: [data] has no data set of that name", key, *word);
    if (e->data_count > 1)
        return status_fail(STATUS_USAGE, "%s: %.100s: there are several data sets; expected DATA/%.100s", key, *word,
                           *word);
    return STATUS_OK;
}

static status find_sample(const experiment *e, const char *key, const char *word, sample_name *out) {
    TRY(find_data(e, key, &word, &out->data));
    const experiment_data *data = &e->data[out->data];
    dataset *set;
    TRY(dataset_open(data->root, data->split, &set));
    out->index = -1;
    for (int i = 0; i < dataset_count(set); i++)
        if (!strcmp(dataset_sample_name(set, i), word))
            out->index = i;
    status result = STATUS_OK;
    if (out->index < 0 || strlen(word) >= sizeof out->name)
        result = status_fail(STATUS_USAGE, "%s: %s has no sample '%.100s' in its split %s (the first is '%.100s')", key,
                             data->name, word, dataset_split(set), dataset_sample_name(set, 0));
    else
        strcpy(out->name, word);
    dataset_close(set);
    return result;
}

/* Whether it lies in a data set of the ini that the user left out. */
static bool is_left_out(const experiment *e, const char *word) {
    size_t length = strcspn(word, "/");
    bool is_named = false;
    for (int i = 0; i < e->data_names.count && word[length]; i++)
        is_named |= is_of(word, length, e->data_names.names[i]);
    for (int i = 0; i < e->data_count; i++)
        is_named = is_named && !is_of(word, length, e->data[i].name);
    return is_named;
}

status sample_names_find(const experiment *e, const char *key, const char *text, sample_name **out, int *count) {
    *count = 0;
    *out = calloc(strlen(text) / 2 + 1, sizeof **out); /* a name and a blank are two characters at least */
    char *words = strdup(text), *rest = NULL;
    status result = *out && words ? STATUS_OK : status_fail(STATUS_MEMORY, "out of memory for %s", key);
    for (char *word = words ? strtok_r(words, " \t,", &rest) : NULL; word && result == STATUS_OK;
         word = strtok_r(NULL, " \t,", &rest))
        if (!is_left_out(e, word))
            result = find_sample(e, key, word, &(*out)[(*count)++]);
    free(words);
    if (result != STATUS_OK) {
        free(*out);
        *out = NULL;
    }
    return result;
}

status sample_name_read(const experiment *e, const sample_name *s, const sample_options *options,
                        const grey_range *range, sample *out) {
    dataset *set;
    *out = (sample){0};
    TRY(dataset_open(e->data[s->data].root, e->data[s->data].split, &set));
    dataset_set_range(set, range);
    status result = sample_read(set, s->index, options, out);
    dataset_close(set);
    return result;
}

/* --- results --- */

static status fill(const detector_maps *maps, const scoring *how, score_kind kind, scene_result *out) {
    size_t pixels = (size_t)maps->width * (size_t)maps->height;
    if (how->rule == RULE_LOGIT && !maps->logit)
        return status_fail(STATUS_USAGE, "it has no logits: the rule cannot be 'logit'");
    const scored_image image = {
        .width = maps->width, .height = maps->height, .score = maps->score, .kind = kind, .logit = maps->logit};
    out->score = malloc(pixels * sizeof *out->score);
    out->detected = malloc(pixels);
    if (!out->score || !out->detected)
        return status_fail(STATUS_MEMORY, "out of memory for the maps of a %dx%d image", maps->width, maps->height);
    score_map_to_unit(maps->score, pixels, how->rule == RULE_MAX ? SCORE_RAW : kind, out->score);
    score_rule_apply(how->rule, how->threshold ? *how->threshold : score_rule_threshold(how->rule), &image,
                     out->detected);
    return STATUS_OK;
}

status scene_detect(detector *d, const sample *s, const scoring *how, scene_result *out) {
    detector_maps maps;
    *out = (scene_result){0};
    status result = detector_run(d, s->image, s->width, s->height, DETAIL_SCORE, &maps);
    if (result == STATUS_OK)
        result = fill(&maps, how, detector_score_kind(d), out);
    if (result == STATUS_OK)
        return STATUS_OK;
    scene_result_free(out);
    return status_prefix(result, "%s", detector_name(d));
}

void scene_result_free(scene_result *r) {
    free(r->score);
    free(r->detected);
    *r = (scene_result){0};
}

const char *scene_score_name(score_rule rule) {
    return rule == RULE_MAX ? "score / image's maximum" : "score";
}
