#include "eval/experiments/experiment.h"

#include "core/io/image.h"
#include "eval/experiments/experiment_private.h"
#include "eval/measure/evaluation_report.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST_NAME 60 /* names become parts of file names */

static const config_key common_keys[] = {
    {"evaluate.size", CONFIG_INT, "256", 0, IMAGE_LARGEST_SIDE, NULL, "pixels",
     "resize to size x size; 0: as they are"},
    {"evaluate.resize", CONFIG_CHOICE, "opencv", 0, 0, "opencv|pillow", "", "whose bilinear and nearest"},
    {"evaluate.rule", CONFIG_CHOICE, "max", 0, 0, "max|logit|score|minmax|sigma", "", "as of evaluate"},
    {"evaluate.mask", CONFIG_CHOICE, "max", 0, 0, "max|half|any", "",
     "which mask pixels are target: those equal to the mask's maximum, above 127, above 0"},
    {"evaluate.protocol", CONFIG_CHOICE, "overlap", 0, 0, "overlap|centroid", "", "when a target counts as found"},
    {"evaluate.threads", CONFIG_INT, "0", 0, ENGINE_MOST_THREADS, NULL, "", "0: one per available processor"},
    {"sweep.seeds", CONFIG_TEXT, "1", 0, 0, NULL, "", "one training for each, separated by blanks"},
    {"sweep.keep", CONFIG_CHOICE, "best", 0, 0, "best|last", "",
     "the checkpoint evaluated: the best during training, on what sweep.select says, or the last"},
    {"sweep.select", CONFIG_CHOICE, "val", 0, 0, "val|test", "",
     "the best is chosen on val_split or, without one, on a part of the training split; test: on the split that is "
     "then "
     "evaluated, as in the published codes"},
    {"sweep.holdout", CONFIG_REAL, "0.1", 0.01, 0.5, NULL, "", "that part of the training split"},
};

enum { COMMON_KEYS = sizeof common_keys / sizeof *common_keys };

/* --- reading single values --- */

/* Position of `word` in the list; the config has seen to it that it is there. */
static int position(const char *word, const char *const *words, int count) {
    int i = 0;
    while (i < count - 1 && strcmp(word, words[i]) != 0)
        i++;
    return i;
}

static void read_evaluate(experiment *e) {
    const config *c = e->c;
    e->evaluate.sample.size = (int)config_int(c, "evaluate.size");
    e->evaluate.sample.resizing =
        (sample_resizing)position(config_text(c, "evaluate.resize"), sample_resizing_names, 2);
    e->evaluate.how.rule = (score_rule)position(config_text(c, "evaluate.rule"), score_rule_names, SCORE_RULES);
    e->evaluate.sample.mask = (mask_rule)position(config_text(c, "evaluate.mask"), mask_rule_names, 3);
    e->evaluate.how.protocol = (match_protocol)position(config_text(c, "evaluate.protocol"), match_protocol_names, 2);
    e->keep_last = strcmp(config_text(c, "sweep.keep"), "last") == 0;
    e->select_on_test = strcmp(config_text(c, "sweep.select"), "test") == 0;
}

static status read_seeds(experiment *e) {
    const char *text = config_text(e->c, "sweep.seeds"), *rest = text;
    char *end = NULL;
    for (;; rest = end) {
        rest += strspn(rest, " ,\t");
        if (*rest == '\0')
            break;
        int64_t seed = strtoll(rest, &end, 10);
        if (end == rest || !strchr(" ,\t", *end) || seed < 0 || seed > UINT32_MAX || e->seed_count == EXPERIMENT_SEEDS)
            return status_fail(STATUS_USAGE, "sweep.seeds = %s: expected 1 to %d integers in 0..%u", text,
                               EXPERIMENT_SEEDS, UINT32_MAX);
        for (int i = 0; i < e->seed_count; i++)
            if (e->seeds[i] == seed)
                return status_fail(STATUS_USAGE, "sweep.seeds = %s: %lld stands there twice", text, (long long)seed);
        e->seeds[e->seed_count++] = seed;
    }
    return e->seed_count ? STATUS_OK : status_fail(STATUS_USAGE, "sweep.seeds is empty; expected an integer");
}

/* --- data sets --- */

config_name experiment_key(const char *section, const char *name) {
    config_name out;
    snprintf(out.text, sizeof out.text, "%s.%s", section, name);
    return out;
}

status experiment_check_name(const char *section, const char *name) {
    size_t length = strlen(name);
    bool plain = length > 0 && length <= LONGEST_NAME && name[0] != '.';
    for (const char *c = name; *c; c++)
        plain = plain && isgraph((unsigned char)*c) && !strchr("/,\"'\\$`", *c);
    if (plain)
        return STATUS_OK;
    return status_fail(STATUS_USAGE, "[%s] %.80s: a name has 1 to %d letters, digits or signs, no blank, / or quote",
                       section, name, LONGEST_NAME);
}

static status declare_data(config *c, const name_list *names) {
    for (int i = 0; i < names->count; i++) {
        const char *name = names->names[i];
        TRY(experiment_check_name("data", name));
        TRY(config_declare_text(c, "data", name, NULL, "folder or pack of the data set"));
        TRY(config_declare_text(c, "split", name, "test", "split to evaluate on"));
        TRY(config_declare_text(c, "train_split", name, "trainval", "split to train on"));
        TRY(config_declare_text(c, "val_split", name, "", "split to choose the best checkpoint on"));
        TRY(config_declare_text(c, "augment", name, "", "data.augment of train"));
        TRY(config_declare_text(c, "published", name, name, "data set of the published figures"));
    }
    return STATUS_OK;
}

/* Opening reads the names only: a wrong path is found now and not after hours of training. */
static status check_opens(const experiment_data *d) {
    dataset *set;
    status result = dataset_open(d->root, d->split, &set);
    if (result != STATUS_OK)
        return status_prefix(result, "data.%s", d->name);
    dataset_close(set);
    return STATUS_OK;
}

/* Whose figures are shown beside, and how the set is called. */
static void read_published(const char *text, experiment_data *out) {
    static const char mark[] = " (reconstructed)";
    size_t length = strlen(text), tail = sizeof mark - 1;
    bool reconstructed = length > tail && !strcmp(text + length - tail, mark);
    snprintf(out->published, sizeof out->published, "%.*s", (int)(reconstructed ? length - tail : length), text);
    snprintf(out->title, sizeof out->title, "%s", reconstructed ? text : out->name);
    out->is_target = reconstructed || !strcmp(out->published, out->name);
}

static status read_data(experiment *e, const name_list *names) {
    e->data = calloc((size_t)names->count + 1, sizeof *e->data);
    if (!e->data)
        return status_fail(STATUS_MEMORY, "out of memory for an experiment");
    for (int i = 0; i < names->count; i++) {
        const char *name = names->names[i];
        experiment_data d = {.name = name,
                             .root = config_text(e->c, experiment_key("data", name).text),
                             .split = config_text(e->c, experiment_key("split", name).text),
                             .train_split = config_text(e->c, experiment_key("train_split", name).text),
                             .val_split = config_text(e->c, experiment_key("val_split", name).text),
                             .augment = config_text(e->c, experiment_key("augment", name).text)};
        if (*d.root == '\0')
            continue;
        if (*d.val_split && e->select_on_test)
            return status_fail(STATUS_USAGE, "val_split.%s = %s: sweep.select = test chooses on the split %s", name,
                               d.val_split, d.split);
        read_published(config_text(e->c, experiment_key("published", name).text), &d);
        TRY(check_opens(&d));
        e->data[e->data_count++] = d;
    }
    return e->data_count ? STATUS_OK : status_fail(STATUS_USAGE, "no data set is left: expected [data] NAME = folder");
}

/* --- the whole --- */

static status declare_keys(config *c, const config_key *keys, int key_count) {
    TRY(config_declare(c, common_keys, COMMON_KEYS));
    return config_declare(c, keys, key_count);
}

static status read_file(experiment *e, const char *path) {
    TRY(config_load(e->c, path));
    TRY(config_undeclared_names(e->c, "data", &e->data_names));
    TRY(config_undeclared_names(e->c, "methods", &e->method_names));
    if (e->data_names.count == 0 || e->method_names.count == 0)
        return status_fail(STATUS_USAGE, "%s: [%s] is empty; expected NAME = %s", path,
                           e->data_names.count ? "methods" : "data", e->data_names.count ? "METHOD" : "folder");
    TRY(declare_data(e->c, &e->data_names));
    TRY(experiment_declare_methods(e->c, &e->method_names, &e->data_names));
    return experiment_declare_recipes(e->c, &e->method_names, &e->data_names);
}

static status read_all(experiment *e, const char *path, const char *const *overrides, int override_count,
                       const config_key *keys, int key_count) {
    TRY(config_new(&e->c));
    TRY(declare_keys(e->c, keys, key_count));
    TRY(read_file(e, path));
    for (int i = 0; i < override_count; i++)
        TRY(config_override(e->c, overrides[i]));
    TRY(experiment_read_train(e));
    TRY(config_check(e->c));
    read_evaluate(e);
    TRY(read_seeds(e));
    TRY(experiment_read_methods(e));
    TRY(read_data(e, &e->data_names));
    TRY(experiment_read_recipes(e));
    return experiment_check_checkpoints(e);
}

status experiment_read(const char *path, const char *const *overrides, int override_count, const config_key *keys,
                       int key_count, experiment **out) {
    experiment *e = *out = calloc(1, sizeof *e);
    if (!e)
        return status_fail(STATUS_MEMORY, "out of memory for an experiment");
    status result = read_all(e, path, overrides, override_count, keys, key_count);
    if (result == STATUS_OK)
        result = engine_new((int)config_int(e->c, "evaluate.threads"), &e->engine);
    if (result != STATUS_OK) {
        experiment_free(e);
        *out = NULL;
        return result;
    }
    return STATUS_OK;
}

void experiment_free(experiment *e) {
    if (!e)
        return;
    experiment_free_recipes(e);
    experiment_free_methods(e);
    free(e->data);
    name_list_free(&e->data_names);
    name_list_free(&e->method_names);
    config_free(e->c);
    engine_free(e->engine);
    free(e);
}

static const char *const named_sections =
    "Sections whose keys are names of your choice:\n"
    "  [data]         NAME = folder or pack of a data set\n"
    "  [split]        NAME = split to evaluate on (default: test)\n"
    "  [train_split]  NAME = split to train on (default: trainval)\n"
    "  [val_split]    NAME = split to choose the best checkpoint on (default: a part of the training split)\n"
    "  [augment]      NAME = flips|..., data.augment of train for it\n"
    "  [published]    NAME = data set whose published figures stand beside it, in brackets if not its own;\n"
    "                 'OTHER (reconstructed)': NAME is called so, and the figures published for OTHER are its targets\n"
    "  [methods]      NAME = METHOD OPTION=VALUE ..., as in [model] of an ini of train\n"
    "  [published_method]  NAME = another of [methods] whose published figures stand beside it\n"
    "  [checkpoint]   METHOD = FILE.h5 for all data sets, METHOD/NAME = FILE.h5 for one, or one of PyTorch's;\n"
    "                 networks without are trained\n"
    "  [recipe]       METHOD = FILE.ini of train, or METHOD/NAME = FILE.ini for one data set: its sections data and\n"
    "                 train, without splits and seed, are how the network is trained, but for keys of [train]\n"
    "  [train]        the keys of train for all networks, except the seed\n"
    "Override as data.NAME=/where/it/lies (a NAME of the ini: others are taken for misspelled); an empty value leaves\n"
    "a data set or method out.\n\n";

status experiment_print_help(const config_key *keys, int key_count, FILE *stream) {
    config *c;
    TRY(config_new(&c));
    status result = declare_keys(c, keys, key_count);
    if (result == STATUS_OK) {
        fputs(named_sections, stream);
        config_print_help(c, stream);
    }
    config_free(c);
    return result;
}
