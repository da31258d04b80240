#include "datasets/make/sirst_aug_set.h"

#include "core/io/file_io.h"
#include "datasets/check/components.h"
#include "datasets/dataset.h"
#include "datasets/make/new_folder.h"
#include "datasets/make/sirst_aug.h"
#include "datasets/pack.h"
#include "datasets/preprocess.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { VARIANTS_OF_IMAGE = 25, VARIANTS_OF_TARGET = 5 };

const sirst_aug_totals sirst_aug_published_trainval = {.images = 8525};
const sirst_aug_totals sirst_aug_published_test = {.images = 545, .targets = 727, .pixels = 66572};

typedef struct rebuild {
    uint64_t seed;
    dataset *trainval, *test;
    int total, done;
    pack_writer *pack; /* NULL: a folder */
    new_folder folder;
    void (*on_sample)(void *context, int done, int total);
    void *context;
} rebuild;

static bool ends_in_h5(const char *path) {
    size_t length = strlen(path);
    return length > 3 && !strcmp(path + length - 3, ".h5");
}

/* One sample of SIRST and its targets. */
typedef struct source {
    grey_image image, mask;
    component_list targets;
} source;

static void source_free(source *s) {
    grey_image_free(&s->image);
    grey_image_free(&s->mask);
    component_list_free(&s->targets);
}

static status source_read(const dataset *d, int index, source *out) {
    *out = (source){0};
    TRY(dataset_read(d, index, MASK_SIZE_MAY_DIFFER, &out->image, &out->mask));
    status result = resize_mask(&out->mask, out->image.width, out->image.height); /* SIRST's Misc_111 */
    if (result == STATUS_OK)
        result = components_of_mask(&out->mask, mask_maximum(&out->mask), MASK_ANY, &out->targets);
    if (result != STATUS_OK)
        source_free(out);
    return result;
}

static status count_samples(rebuild *r) {
    r->total = VARIANTS_OF_IMAGE * dataset_count(r->trainval);
    for (int i = 0; i < dataset_count(r->test); i++) {
        source s;
        TRY(source_read(r->test, i, &s));
        r->total += VARIANTS_OF_TARGET * s.targets.count;
        source_free(&s);
    }
    return STATUS_OK;
}

static status begin_split(rebuild *r, const char *split) {
    char parent[4096];
    if (r->pack)
        return STATUS_OK;
    TRY(path_join(parent, r->folder.unfinished, split, ""));
    return new_folder_create_pair(parent);
}

static status put(rebuild *r, const char *split, const char *name, grey_image *image, grey_image *mask) {
    char parent[4096];
    if (r->pack)
        return pack_add(r->pack, split, name, image, mask);
    TRY(path_join(parent, r->folder.unfinished, split, ""));
    return new_folder_write_pair(parent, name, image, mask);
}

static status add_to_totals(sirst_aug_totals *totals, const grey_image *mask) {
    component_list list;
    TRY(components_of_mask(mask, mask_maximum(mask), MASK_ANY, &list));
    totals->images++;
    totals->targets += list.count;
    for (int i = 0; i < list.count; i++)
        totals->pixels += list.items[i].area;
    component_list_free(&list);
    return STATUS_OK;
}

static status write_variant(rebuild *r, const char *split, const source *s, const char *name, int variant,
                            sirst_aug_totals *totals) {
    grey_image image, mask;
    char variant_name[512];
    snprintf(variant_name, sizeof variant_name, "%.480s_%02d", name, variant);
    TRY(sirst_aug_variant(&s->image, &s->mask, &s->targets, r->seed, name, variant, &image, &mask));
    status result = put(r, split, variant_name, &image, &mask);
    if (result == STATUS_OK)
        result = add_to_totals(totals, &mask);
    grey_image_free(&image);
    grey_image_free(&mask);
    r->done++;
    if (result == STATUS_OK && r->on_sample)
        r->on_sample(r->context, r->done, r->total);
    return result;
}

static status write_split(rebuild *r, const char *split, const dataset *d, sirst_aug_totals *totals) {
    *totals = (sirst_aug_totals){0};
    TRY(begin_split(r, split));
    for (int i = 0; i < dataset_count(d); i++) {
        source s;
        TRY(source_read(d, i, &s));
        int variants = d == r->test ? VARIANTS_OF_TARGET * s.targets.count : VARIANTS_OF_IMAGE;
        status result = STATUS_OK;
        for (int v = 0; v < variants && result == STATUS_OK; v++)
            result = write_variant(r, split, &s, dataset_sample_name(d, i), v, totals);
        source_free(&s);
        TRY(result);
    }
    return STATUS_OK;
}

static int describe(const rebuild *r, const sirst_aug_totals *trainval, const sirst_aug_totals *test, char *out,
                    size_t size) {
    const sirst_aug_totals *published = &sirst_aug_published_test;
    return snprintf(
        out, size,
        "A rebuild of SIRST-Aug. This is NOT the published set: how that was made is not known.\n"
        "\n"
        "Figures measured here do not compare with figures published for SIRST-Aug; say 'SIRST-Aug rebuild' with "
        "them.\n"
        "\n"
        "Made by irst %s (prepare sirst-aug) with seed %llu from %s: %d trainval images, %d variants of each, and\n"
        "%d test images, %d variants for each of their targets. A variant is scaled to a short side of %d, turned by "
        "a\n"
        "random angle and cropped to %dx%d around a target; black lies beyond the image.\n"
        "\n"
        "trainval: %lld images, %lld targets, %lld target pixels (published: %lld images)\n"
        "test: %lld images, %lld targets, %lld target pixels (published: %lld, %lld, %lld)\n",
        IRST_VERSION, (unsigned long long)r->seed, dataset_name(r->trainval), dataset_count(r->trainval),
        VARIANTS_OF_IMAGE, dataset_count(r->test), VARIANTS_OF_TARGET, SIRST_AUG_SHORT_SIDE, SIRST_AUG_SIDE,
        SIRST_AUG_SIDE, (long long)trainval->images, (long long)trainval->targets, (long long)trainval->pixels,
        (long long)sirst_aug_published_trainval.images, (long long)test->images, (long long)test->targets,
        (long long)test->pixels, (long long)published->images, (long long)published->targets,
        (long long)published->pixels);
}

static status write_all(rebuild *r, sirst_aug_totals *trainval, sirst_aug_totals *test) {
    TRY(write_split(r, "trainval", r->trainval, trainval));
    TRY(write_split(r, "test", r->test, test));
    char text[2048], path[4096];
    int length = describe(r, trainval, test, text, sizeof text);
    if (r->pack)
        return pack_describe(r->pack, text);
    TRY(path_join(path, r->folder.unfinished, "README.txt", ""));
    return file_write(path, text, (size_t)length);
}

static status write_pack(rebuild *r, const char *to, sirst_aug_totals *trainval, sirst_aug_totals *test) {
    TRY(pack_begin(to, r->total, &r->pack));
    status result = write_all(r, trainval, test);
    if (result == STATUS_OK)
        return pack_commit(r->pack);
    pack_abandon(r->pack);
    return result;
}

static status write_folder(rebuild *r, const char *to, sirst_aug_totals *trainval, sirst_aug_totals *test) {
    TRY(new_folder_begin(to, &r->folder));
    status result = write_all(r, trainval, test);
    if (result == STATUS_OK)
        return new_folder_commit(&r->folder);
    new_folder_abandon(&r->folder);
    return result;
}

status sirst_aug_write(const char *from, const char *to, uint64_t seed, sirst_aug_totals *trainval,
                       sirst_aug_totals *test, void (*on_sample)(void *context, int done, int total), void *context) {
    rebuild r = {.seed = seed, .on_sample = on_sample, .context = context};
    TRY(dataset_open(from, "trainval", &r.trainval));
    status result = dataset_open(from, "test", &r.test);
    if (result == STATUS_OK)
        result = count_samples(&r);
    if (result == STATUS_OK)
        result = ends_in_h5(to) ? write_pack(&r, to, trainval, test) : write_folder(&r, to, trainval, test);
    dataset_close(r.trainval);
    dataset_close(r.test);
    return result;
}
