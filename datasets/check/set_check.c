#include "datasets/check/set_check.h"

#include "datasets/check/set_pairing.h"
#include "datasets/split_folders.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A split of the set while it is checked: its names and fingerprints are compared with those of the others. */
typedef struct open_split {
    dataset *d;
    dataset_oddities oddities;
} open_split;

typedef struct checker {
    const char *path;
    const set_check_options *options;
    set_check *out;
    open_split splits[DATASET_SPLITS];
    void (*on_sample)(void *context, int done, int total);
    void *context;
} checker;

static status add_finding(set_check *check, const char *format, ...) __attribute__((format(printf, 2, 3)));

static status add_finding(set_check *check, const char *format, ...) {
    char line[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    return name_list_add(&check->findings, line);
}

static status add_findings(set_check *check, const name_list *lines) {
    for (int i = 0; i < lines->count; i++)
        TRY(name_list_add(&check->findings, lines->names[i]));
    return STATUS_OK;
}

static bool sizes_as_known(const split_check *s) {
    const dataset_counts *a = &s->counts, *b = &s->known->counts;
    return a->smallest_width == b->smallest_width && a->smallest_height == b->smallest_height &&
           a->largest_width == b->largest_width && a->largest_height == b->largest_height;
}

void split_check_figures(const split_check *s, split_figure out[SPLIT_FIGURES]) {
    static const dataset_counts nothing = {.images = NOT_KNOWN,
                                           .grey_masks = NOT_KNOWN,
                                           .unequal_sizes = NOT_KNOWN,
                                           .empty_masks = NOT_KNOWN,
                                           .targets = NOT_KNOWN,
                                           .pixels = NOT_KNOWN,
                                           .targets_256 = NOT_KNOWN,
                                           .pixels_256 = NOT_KNOWN};
    const dataset_counts *c = &s->counts, *k = s->known ? &s->known->counts : &nothing;
    /* Of resized images only the number tells anything. */
    const dataset_counts *m = s->known && sizes_as_known(s) ? k : &nothing;
    const split_figure figures[SPLIT_FIGURES] = {
        {"images", c->images, k->images},
        {"targets, any mask value, stored size", c->targets, m->targets},
        {"target pixels, any mask value, stored size", c->pixels, m->pixels},
        {"targets at 256x256, mask maximum only", c->targets_256, m->targets_256},
        {"target pixels at 256x256, mask maximum only", c->pixels_256, m->pixels_256},
        {"masks with grey values", c->grey_masks, m->grey_masks},
        {"masks of another size than their image", c->unequal_sizes, m->unequal_sizes},
        {"empty masks", c->empty_masks, m->empty_masks},
    };
    memcpy(out, figures, sizeof figures);
}

/* Samples of a kind are findings one by one, unless the known set has just as many or is known to be unlike others. */
static status judge_oddities(set_check *check, const split_check *s, const name_list *lines, int64_t known) {
    bool expected = s->known ? known == NOT_KNOWN || known == lines->count : lines->count == 0;
    return expected ? STATUS_OK : add_findings(check, lines);
}

static status judge_split(const checker *c, const split_check *s, const dataset_oddities *o) {
    set_check *check = c->out;
    bool may_be_resized = !path_is_folder(c->path); /* a pack */
    const dataset_counts *k = s->known ? &s->known->counts : &s->counts;
    split_figure figures[SPLIT_FIGURES];
    split_check_figures(s, figures);
    for (int i = 0; i < SPLIT_FIGURES; i++)
        if (figures[i].expected != NOT_KNOWN && figures[i].value != figures[i].expected)
            TRY(add_finding(check, "split %s: %s: %lld, %s has %lld", s->split, figures[i].what,
                            (long long)figures[i].value, s->known->set, (long long)figures[i].expected));
    if (s->known && !sizes_as_known(s) && !may_be_resized)
        TRY(add_finding(check, "split %s: images of %dx%d to %dx%d, %s has %dx%d to %dx%d", s->split,
                        s->counts.smallest_width, s->counts.smallest_height, s->counts.largest_width,
                        s->counts.largest_height, s->known->set, k->smallest_width, k->smallest_height,
                        k->largest_width, k->largest_height));
    TRY(add_findings(check, &o->unreadable));
    if (!c->options->rule_chosen)
        TRY(judge_oddities(check, s, &o->grey_masks, k->grey_masks));
    TRY(add_findings(check, &o->implausible));
    TRY(judge_oddities(check, s, &o->unequal_sizes, k->unequal_sizes));
    /* An image without a target is a sample like another, but not in a set that is known to have none. */
    return s->known ? judge_oddities(check, s, &o->empty_masks, k->empty_masks) : STATUS_OK;
}

static status judge_survey(set_check *check, const dataset *d, const set_survey *survey) {
    static const survey_words words = {.range = "--range ", .mask = "--mask ", .turns = "data.augment = flips"};
    status result = set_survey_judge(survey, d, &words, &check->remarks);
    return result == STATUS_INPUT ? name_list_add(&check->findings, status_message()) : result;
}

static status check_split(checker *c, const char *split) {
    set_check *check = c->out;
    open_split *open = &c->splits[check->split_count];
    status result = dataset_open_faulty(c->path, split, &check->findings, &open->d);
    if (result == STATUS_INPUT)
        return add_finding(check, "%s", status_message());
    TRY(result);
    split_check *s = &check->splits[check->split_count++];
    snprintf(s->split, sizeof s->split, "%s", split);
    s->known = known_split_find(check->name, split);
    dataset_set_range(open->d, &c->options->range);
    TRY(dataset_count_all(open->d, c->options->rule, &s->counts, &open->oddities, c->on_sample, c->context));
    TRY(judge_survey(check, open->d, &open->oddities.survey));
    return judge_split(c, s, &open->oddities);
}

static bool has_split(const set_check *check, const known_split *known) {
    for (int i = 0; i < check->split_count; i++)
        if (check->splits[i].known == known)
            return true;
    return false;
}

static status find_missing_splits(set_check *check) {
    const known_split *known;
    for (int i = 0; (known = known_split_at(check->name, i)); i++)
        if (!has_split(check, known))
            TRY(add_finding(check, "no split %s, which %s has", known->split, known->set));
    return STATUS_OK;
}

/* One image of one split, for sorting equal ones side by side. */
typedef struct picture {
    uint64_t fingerprint;
    int split, index;
} picture;

static int by_fingerprint(const void *a, const void *b) {
    const picture *p = a, *q = b;
    if (p->fingerprint != q->fingerprint)
        return p->fingerprint < q->fingerprint ? -1 : 1;
    return p->split != q->split ? p->split - q->split : p->index - q->index;
}

static int collect_pictures(const checker *c, picture *out) {
    int count = 0;
    for (int s = 0; s < c->out->split_count; s++)
        for (int i = 0; i < dataset_count(c->splits[s].d); i++)
            if (c->splits[s].oddities.fingerprints[i])
                out[count++] = (picture){c->splits[s].oddities.fingerprints[i], s, i};
    return count;
}

/* A sample of trainval, and the same one of train or val. */
static bool is_one_sample(const dataset *a, int i, const dataset *b, int k) {
    return !strcmp(dataset_split(a), "trainval") && dataset_is_in_trainval(dataset_split(b)) &&
           !strcmp(dataset_sample_name(a, i), dataset_sample_name(b, k));
}

/* The same image in training and test, or twice in a split, whatever its names. */
static status find_equal_pictures(checker *c) {
    size_t total = 1;
    for (int s = 0; s < c->out->split_count; s++)
        total += (size_t)dataset_count(c->splits[s].d);
    picture *pictures = calloc(total, sizeof *pictures);
    if (!pictures)
        return status_fail(STATUS_MEMORY, "out of memory for %zu images", total);
    int count = collect_pictures(c, pictures);
    qsort(pictures, (size_t)count, sizeof *pictures, by_fingerprint);
    status result = STATUS_OK;
    for (int i = 1; i < count && result == STATUS_OK; i++) {
        const picture *p = &pictures[i - 1], *q = &pictures[i];
        if (p->fingerprint != q->fingerprint)
            continue;
        const dataset *a = c->splits[p->split].d, *b = c->splits[q->split].d;
        if (is_one_sample(a, p->index, b, q->index))
            continue;
        result = add_finding(c->out, "%s: '%s' of split %s and '%s' of split %s are the same image",
                             p->split == q->split ? "repetition" : "overlap", dataset_sample_name(a, p->index),
                             dataset_split(a), dataset_sample_name(b, q->index), dataset_split(b));
    }
    free(pictures);
    return result;
}

static status say_unsplit(set_check *check, const char *in_split_folder) {
    char line[2048];
    if (!in_split_folder)
        return name_list_add(&check->remarks, "no list says what is for training and what for test: 'prepare split' "
                                              "writes them, and split 'all' takes every image");
    snprintf(
        line, sizeof line,
        "folders of images, as that of '%.500s', are called like splits, but are not read as such: expected a list "
        "of each (train.txt, ...), or train/images and train/masks; split 'all' takes every image",
        in_split_folder);
    return name_list_add(&check->remarks, line);
}

/* All images of a set without lists. Fails where there is no set at all, not for faults of single samples. */
static status check_unsplit(checker *c) {
    dataset *d;
    name_list faults = {0};
    status result = dataset_open_faulty(c->path, "all", &faults, &d);
    if (result == STATUS_OK || (result == STATUS_INPUT && faults.count > 0))
        result = say_unsplit(c->out, d ? split_folders_in_names(d) : NULL);
    dataset_close(d);
    name_list_free(&faults);
    TRY(result);
    return check_split(c, "all");
}

/* Whether a split has to be read beside trainval: not if trainval holds what it holds, as it should. */
static status has_more_than(checker *c, const dataset *trainval, const char *split, bool *out) {
    dataset *d;
    name_list faults = {0};
    const char *example = NULL;
    int lacking = 0;
    status result = dataset_open_faulty(c->path, split, &faults, &d);
    bool faulty = result == STATUS_INPUT || faults.count > 0;
    name_list_free(&faults);
    if (result == STATUS_OK)
        result = dataset_lacking_names(d, trainval, &lacking, &example);
    if (result == STATUS_OK && lacking)
        result = add_finding(c->out, "split %s: split trainval should hold it and lacks %d of its images, e.g. '%s'",
                             split, lacking, example);
    dataset_close(d);
    *out = faulty || lacking > 0;
    return result == STATUS_INPUT ? STATUS_OK : result; /* reading the split says what is wrong */
}

static status check_all(checker *c) {
    const dataset *trainval = NULL;
    bool found, any = false;
    for (int i = 0; i < DATASET_SPLITS; i++) {
        const char *split = dataset_split_names[i];
        TRY(dataset_has_split(c->path, split, &found));
        any = any || found;
        if (found && trainval && dataset_is_in_trainval(split))
            TRY(has_more_than(c, trainval, split, &found));
        if (found)
            TRY(check_split(c, split));
        if (i == 0)
            trainval = c->splits[0].d; /* NULL if it cannot be opened */
    }
    if (!any)
        TRY(check_unsplit(c));
    TRY(find_missing_splits(c->out));
    TRY(find_equal_pictures(c));
    return set_find_lone_masks(c->path, &c->out->findings);
}

status set_check_run(const char *path, const set_check_options *options, set_check *out,
                     void (*on_sample)(void *context, int done, int total), void *context) {
    checker c = {.path = path, .options = options, .out = out, .on_sample = on_sample, .context = context};
    *out = (set_check){0};
    dataset_name_of(path, out->name, sizeof out->name);
    status result = check_all(&c);
    for (int i = 0; i < DATASET_SPLITS; i++) {
        dataset_close(c.splits[i].d);
        dataset_oddities_free(&c.splits[i].oddities);
    }
    if (result != STATUS_OK)
        set_check_free(out);
    return result;
}

void set_check_free(set_check *check) {
    name_list_free(&check->findings);
    name_list_free(&check->remarks);
}
