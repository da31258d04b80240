#include "datasets/make/sirst_aug_set.h"

#include "core/io/file_io.h"
#include "datasets/check/components.h"
#include "datasets/dataset.h"
#include "datasets/make/new_folder.h"
#include "datasets/make/sirst_aug_views.h"
#include "datasets/pack.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* The test figures follow from rates published to full precision; those of the training split were counted in the
 * published positions of all targets. */
const sirst_aug_totals sirst_aug_published_trainval = {
    .images = 8525, .targets = 9278, .pixels = 987155, .equal = 8525};
const sirst_aug_totals sirst_aug_published_test = {.images = 545, .targets = 727, .pixels = 66572};

typedef struct reconstruction {
    uint64_t seed;
    dataset *trainval, *test;
    int total, done;   /* images */
    pack_writer *pack; /* NULL: a folder */
    new_folder folder;
    void (*on_sample)(void *context, int done, int total);
    void *context;
} reconstruction;

/* One sample of SIRST, enlarged. */
typedef struct source {
    grey_image image, mask;
} source;

static void source_free(source *s) {
    grey_image_free(&s->image);
    grey_image_free(&s->mask);
}

static status source_read(const dataset *d, int index, source *out) {
    *out = (source){0};
    TRY(dataset_read(d, index, MASK_SIZE_MAY_DIFFER, &out->image, &out->mask)); /* SIRST's Misc_111 does */
    status result = sirst_aug_enlarge(&out->image, &out->mask);
    if (result != STATUS_OK)
        source_free(out);
    return result;
}

static status begin_split(reconstruction *r, const char *split) {
    char parent[4096];
    if (r->pack)
        return STATUS_OK;
    TRY(path_join(parent, r->folder.unfinished, split, ""));
    return new_folder_create_pair(parent);
}

static status put(reconstruction *r, const char *split, grey_image *image, grey_image *mask) {
    char parent[4096], name[16];
    snprintf(name, sizeof name, "%06d", r->done);
    if (r->pack)
        return pack_add(r->pack, split, name, image, mask);
    TRY(path_join(parent, r->folder.unfinished, split, ""));
    return new_folder_write_pair(parent, name, image, mask);
}

static status add_to_totals(sirst_aug_totals *totals, const grey_image *mask) {
    component_list list;
    TRY(components_of_mask(mask, 255, MASK_MAX, &list));
    totals->images++;
    totals->targets += list.count;
    for (int i = 0; i < list.count; i++)
        totals->pixels += list.items[i].area;
    component_list_free(&list);
    return STATUS_OK;
}

static status turn(grey_image *image, int degrees, status (*how)(const grey_image *, int, grey_image *)) {
    grey_image turned;
    TRY(how(image, degrees, &turned));
    grey_image_free(image);
    *image = turned;
    return STATUS_OK;
}

/* `turned`: training views are interpolated even where the angle is 0. */
static status show(const source *s, sirst_aug_view view, bool turned, grey_image *image, grey_image *mask) {
    TRY(sirst_aug_cut(&s->image, view.x, view.y, image));
    TRY(sirst_aug_cut(&s->mask, view.x, view.y, mask));
    if (!turned)
        return STATUS_OK;
    TRY(turn(image, view.degrees, sirst_aug_turn));
    return turn(mask, view.degrees, sirst_aug_turn_mask);
}

static status write_view(reconstruction *r, const char *split, const source *s, sirst_aug_view view, bool turned,
                         sirst_aug_totals *totals) {
    grey_image image = {0}, mask = {0};
    status result = show(s, view, turned, &image, &mask);
    if (result == STATUS_OK)
        result = put(r, split, &image, &mask);
    if (result == STATUS_OK)
        result = add_to_totals(totals, &mask);
    grey_image_free(&image);
    grey_image_free(&mask);
    r->done++;
    if (result == STATUS_OK && r->on_sample)
        r->on_sample(r->context, r->done, r->total);
    return result;
}

static status write_training_views(reconstruction *r, int index, const source *s, sirst_aug_totals *totals) {
    sirst_aug_view views[SIRST_AUG_TRAINING_VIEWS];
    int equal;
    TRY(sirst_aug_training_views(index, dataset_sample_name(r->trainval, index), &s->mask, r->seed, views, &equal));
    totals->equal += equal;
    for (int v = 0; v < SIRST_AUG_TRAINING_VIEWS; v++)
        TRY(write_view(r, "trainval", s, views[v], true, totals));
    return STATUS_OK;
}

static status write_trainval(reconstruction *r, sirst_aug_totals *totals) {
    TRY(begin_split(r, "trainval"));
    for (int i = 0; i < dataset_count(r->trainval); i++) {
        source s;
        TRY(source_read(r->trainval, i, &s));
        status result = write_training_views(r, i, &s, totals);
        source_free(&s);
        TRY(result);
    }
    return STATUS_OK;
}

static status find_test_image(const dataset *d, const char *name, int *out) {
    for (int i = 0; i < dataset_count(d); i++)
        if (!strcmp(dataset_sample_name(d, i), name)) {
            *out = i;
            return STATUS_OK;
        }
    return status_fail(STATUS_INPUT, "%s: its test split has no %s; expected SIRST with its official lists",
                       dataset_name(d), name);
}

static status write_test(reconstruction *r, sirst_aug_totals *totals) {
    TRY(begin_split(r, "test"));
    for (int first = 0; first < sirst_aug_test_count(); first += SIRST_AUG_WINDOWS) {
        int index = 0;
        source s;
        TRY(find_test_image(r->test, sirst_aug_test_image(first), &index));
        TRY(source_read(r->test, index, &s));
        status result = STATUS_OK;
        for (int i = first; i < first + SIRST_AUG_WINDOWS && result == STATUS_OK; i++)
            result = write_view(r, "test", &s, sirst_aug_test_view(i), false, totals);
        source_free(&s);
        TRY(result);
    }
    return STATUS_OK;
}

static int describe(const reconstruction *r, const sirst_aug_totals *trainval, const sirst_aug_totals *test, char *out,
                    size_t size) {
    const sirst_aug_totals *known = &sirst_aug_published_trainval;
    return snprintf(
        out, size,
        "SIRST-Aug (reconstructed), made by irst %s (prepare sirst-aug) from %s, seed %llu.\n"
        "\n"
        "The test split shows the published windows: number, boxes and pixels of all targets are the published ones. "
        "How\n"
        "grey values were interpolated is inferred. The training split has windows and angles of the published kind, "
        "drawn\n"
        "such that a file has the published number of targets where it can; it is not the published one pixel by "
        "pixel.\n"
        "\n"
        "test: %lld images, %lld targets, %lld target pixels (published: %lld, %lld, %lld)\n"
        "trainval: %lld images, %lld targets, %lld target pixels (published: %lld, %lld, %lld); %lld images have the\n"
        "published number of targets\n",
        IRST_VERSION, dataset_name(r->trainval), (unsigned long long)r->seed, (long long)test->images,
        (long long)test->targets, (long long)test->pixels, (long long)sirst_aug_published_test.images,
        (long long)sirst_aug_published_test.targets, (long long)sirst_aug_published_test.pixels,
        (long long)trainval->images, (long long)trainval->targets, (long long)trainval->pixels,
        (long long)known->images, (long long)known->targets, (long long)known->pixels, (long long)trainval->equal);
}

static status write_all(reconstruction *r, sirst_aug_totals *trainval, sirst_aug_totals *test) {
    *trainval = *test = (sirst_aug_totals){0};
    TRY(write_trainval(r, trainval));
    TRY(write_test(r, test));
    char text[2048], path[4096];
    int length = describe(r, trainval, test, text, sizeof text);
    if (r->pack)
        return pack_describe(r->pack, text);
    TRY(path_join(path, r->folder.unfinished, "README.txt", ""));
    return file_write(path, text, (size_t)length);
}

static status write_pack(reconstruction *r, const char *to, sirst_aug_totals *trainval, sirst_aug_totals *test) {
    TRY(pack_begin(to, r->total, &r->pack));
    status result = write_all(r, trainval, test);
    if (result == STATUS_OK)
        return pack_commit(r->pack);
    pack_abandon(r->pack);
    return result;
}

static status write_folder(reconstruction *r, const char *to, sirst_aug_totals *trainval, sirst_aug_totals *test) {
    TRY(new_folder_begin(to, &r->folder));
    status result = write_all(r, trainval, test);
    if (result == STATUS_OK)
        return new_folder_commit(&r->folder);
    new_folder_abandon(&r->folder);
    return result;
}

status sirst_aug_write(const char *from, const char *to, uint64_t seed, sirst_aug_totals *trainval,
                       sirst_aug_totals *test, void (*on_sample)(void *context, int done, int total), void *context) {
    reconstruction r = {.seed = seed, .on_sample = on_sample, .context = context};
    TRY(dataset_open(from, "trainval", &r.trainval));
    status result = dataset_open(from, "test", &r.test);
    if (result == STATUS_OK) {
        r.total = SIRST_AUG_TRAINING_VIEWS * dataset_count(r.trainval) + sirst_aug_test_count();
        result = pack_is_called(to) ? write_pack(&r, to, trainval, test) : write_folder(&r, to, trainval, test);
    }
    dataset_close(r.trainval);
    dataset_close(r.test);
    return result;
}
