#include "train/training_data.h"

#include "core/io/file_io.h"
#include "datasets/check/set_content.h"
#include "datasets/check/set_survey.h"
#include "datasets/epoch_order.h"
#include "datasets/set_roots.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static status read_weights(const char *text, int sets, double **out) {
    if (!*text)
        return STATUS_OK;
    name_list items = {0};
    status result = split_list("data.weights", text, &items);
    if (result == STATUS_OK && items.count != sets)
        result = status_fail(
            STATUS_USAGE, "data.weights = %.200s: expected one weight for each of the %d set%s of data.root, found %d",
            text, sets, sets == 1 ? "" : "s", items.count);
    if (result == STATUS_OK && !(*out = malloc((size_t)sets * sizeof **out)))
        result = status_fail(STATUS_MEMORY, "out of memory for data.weights");
    for (int i = 0; i < items.count && result == STATUS_OK; i++) {
        char *end;
        (*out)[i] = strtod(items.names[i], &end);
        if (*end || !((*out)[i] > 0 && (*out)[i] <= PART_WEIGHT_MAX))
            result =
                status_fail(STATUS_USAGE, "data.weights = %.200s: expected numbers above 0, at most %d, found '%.100s'",
                            text, PART_WEIGHT_MAX, items.names[i]);
    }
    name_list_free(&items);
    return result;
}

/* Nothing is held out where the epochs are evaluated on another split. */
static bool validates_held_out(const config *c) {
    return !*config_text(c, "data.validation_split") && config_real(c, "data.holdout") > 0;
}

/* `side` of the split, where some of it is held out. */
static status open_side(const config *c, const char *root, dataset_side side, dataset **out) {
    TRY(dataset_open(root, config_text(c, "data.train_split"), out));
    status result = validates_held_out(c) ? dataset_hold_out(*out, config_real(c, "data.holdout"), side) : STATUS_OK;
    if (result == STATUS_OK)
        return STATUS_OK;
    dataset_close(*out);
    *out = NULL;
    return status_prefix(result, "data.holdout");
}

static status open_validation(const config *c, const char *root, dataset **out) {
    if (validates_held_out(c))
        return open_side(c, root, DATASET_HELD_OUT, out);
    const char *split = config_text(c, "data.validation_split");
    return dataset_open(root, *split ? split : config_text(c, "data.test_split"), out);
}

typedef struct listener {
    void (*on_notice)(void *context, const char *text);
    void *context;
} listener;

static status report_shared(const listener *to, const dataset *train, const dataset *other, const char *what) {
    const char *example;
    int count;
    char text[1024];
    TRY(dataset_shared_names(train, other, &count, &example));
    if (count == 0)
        return STATUS_OK;
    snprintf(text, sizeof text, "%d image%s of %s %s both trained on and %s, e.g. %.200s", count, count == 1 ? "" : "s",
             dataset_name(train), count == 1 ? "is" : "are", what, example);
    to->on_notice(to->context, text);
    return STATUS_OK;
}

/* The test split counts even while another one is evaluated: it is what figures are published of. A set need not have
 * one then. */
static status look_for_shared(const config *c, const listener *to, const char *root, const dataset *train,
                              const dataset *validation) {
    const char *test = config_text(c, "data.test_split");
    bool has_test = false;
    dataset *d;
    if (!to->on_notice)
        return STATUS_OK;
    TRY(report_shared(to, train, validation, "evaluated on"));
    if (strcmp(dataset_split(validation), test) != 0)
        TRY(dataset_has_split(root, test, &has_test));
    if (!has_test)
        return STATUS_OK;
    status result = dataset_open(root, test, &d);
    if (result == STATUS_OK)
        result = report_shared(to, train, d, "in the test split");
    dataset_close(d);
    return result == STATUS_INPUT ? STATUS_OK : result; /* a test split that is not sound is not trained on */
}

/* Reads all of it once, so that nothing that is wrong with it shows only at the first evaluation. `augment`: how it
 * will be varied; NULL: not. */
static status look_over(const listener *to, const dataset *d, const char *augment, int size, data_content *content,
                        image_sizes *sizes) {
    char turns[64] = "";
    if (augment && augment_turns(augment_find(augment)))
        snprintf(turns, sizeof turns, "data.augment = %s", augment);
    const survey_words words = {.range = "data.range = ", .size = "data.size", .turns = *turns ? turns : NULL};
    name_list remarks = {0};
    set_survey survey = {.rule = MASK_MAX, .resizing.size = size};
    status result = set_survey_run(d, MASK_SIZE_MAY_DIFFER, &words, &remarks, &survey);
    content->images += survey.samples;
    image_sizes_add(sizes, &survey.sizes);
    content->checksum = (int64_t)set_content_join((uint32_t)content->checksum, survey.content);
    for (int i = 0; i < remarks.count && to->on_notice; i++)
        to->on_notice(to->context, remarks.names[i]);
    name_list_free(&remarks);
    return result;
}

/* Opens both splits of every set; the lists own what is in them. */
static status open_sets(const config *c, const listener *to, const name_list *roots, dataset **train,
                        dataset **validation, training_data *out) {
    grey_range range;
    TRY(grey_range_read(config_text(c, "data.range"), "data.range", &range));
    for (int i = 0; i < roots->count; i++) {
        TRY(open_side(c, roots->names[i], DATASET_KEPT, &train[i]));
        TRY(open_validation(c, roots->names[i], &validation[i]));
        dataset_set_range(train[i], &range);
        dataset_set_range(validation[i], &range);
        TRY(look_for_shared(c, to, roots->names[i], train[i], validation[i]));
        const char *augment = config_text(c, "data.augment");
        int size = (int)config_int(c, "data.size");
        TRY(look_over(to, train[i], augment, size, &out->train_content, &out->train_sizes));
        TRY(look_over(to, validation[i], NULL, size, &out->validation_content, &(image_sizes){0}));
    }
    return STATUS_OK;
}

/* One set is itself; the list is empty afterwards. */
static status join(dataset **sets, int count, dataset **out) {
    status result = STATUS_OK;
    if (count == 1)
        *out = sets[0];
    else
        result = dataset_join(sets, count, out);
    memset(sets, 0, (size_t)count * sizeof *sets);
    return result;
}

static void describe_validation(const config *c, training_data *data) {
    const dataset *d = data->validation;
    bool held_out = validates_held_out(c);
    int count = dataset_count(d);
    snprintf(data->validated_on, sizeof data->validated_on, "%d image%s %s the split %s of %s", count,
             count == 1 ? "" : "s", held_out ? "held out of" : "of",
             held_out ? config_text(c, "data.train_split") : dataset_split(d), dataset_name(d));
    data->validates_on_test = !held_out && !strcmp(dataset_split(d), config_text(c, "data.test_split"));
}

static void say_what_is_passed_over(const config *c, const listener *to) {
    char text[256];
    const char *split = config_text(c, "data.validation_split");
    snprintf(text, sizeof text,
             "data.holdout = %g is passed over: the epochs are evaluated on data.validation_split = %.100s",
             config_real(c, "data.holdout"), split);
    if (*split && config_real(c, "data.holdout") > 0 && to->on_notice)
        to->on_notice(to->context, text);
}

/* Windows of images that are not resized first. */
static void say_what_is_filled_up(const config *c, const listener *to, const image_sizes *sizes) {
    char text[256];
    int size = (int)config_int(c, "data.size");
    snprintf(text, sizeof text,
             "the shortest side of an image is %.0f pixels: data.augment = crops fills windows of data.size = %d up "
             "with black",
             sizes->shortest, size);
    if (augment_find(config_text(c, "data.augment")) == AUGMENT_CROPS && sizes->shortest < size && to->on_notice)
        to->on_notice(to->context, text);
}

static status open_all(const config *c, const listener *to, const name_list *roots, training_data *out) {
    TRY(read_weights(config_text(c, "data.weights"), roots->count, &out->weights));
    say_what_is_passed_over(c, to);
    int count = roots->count, images;
    dataset **sets = calloc(2 * (size_t)count, sizeof *sets);
    if (!sets)
        return status_fail(STATUS_MEMORY, "out of memory for %d data sets", count);
    status result = open_sets(c, to, roots, sets, sets + count, out);
    if (result == STATUS_OK)
        result = join(sets, count, &out->train);
    if (result == STATUS_OK)
        result = join(sets + count, count, &out->validation);
    for (int i = 0; i < 2 * count; i++)
        dataset_close(sets[i]);
    free(sets);
    TRY(result);
    describe_validation(c, out);
    say_what_is_filled_up(c, to, &out->train_sizes);
    result = epoch_order_count(out->train, out->weights, &images);
    return result == STATUS_OK ? STATUS_OK : status_prefix(result, "data.weights");
}

status training_data_open(const config *c, void (*on_notice)(void *context, const char *text), void *context,
                          training_data *out) {
    *out = (training_data){0};
    name_list roots = {0};
    status result = set_roots_of("data.root", config_text(c, "data.root"), &roots);
    if (result == STATUS_OK)
        result = open_all(c, &(listener){on_notice, context}, &roots, out);
    name_list_free(&roots);
    return result;
}

void training_data_close(training_data *data) {
    dataset_close(data->train);
    dataset_close(data->validation);
    free(data->weights);
    *data = (training_data){0};
}

augment_options training_augmentation(const config *c, bool crops) {
    augmentation kind = augment_find(config_text(c, "data.augment"));
    return (augment_options){
        .kind = crops ? AUGMENT_TARGETS : kind,
        .turns = kind,
        .whole = augment_whole_size(kind, (int)config_int(c, "data.size")), /* targets as large as they will be */
        .background = config_real(c, "train.crop_background"),
        .geometry = {.rotation = config_real(c, "data.rotation"), .scale = config_real(c, "data.scale")},
        .grey = {.blur = config_real(c, "data.blur"),
                 .gain = config_real(c, "data.gain"),
                 .noise = config_real(c, "data.noise")},
    };
}
