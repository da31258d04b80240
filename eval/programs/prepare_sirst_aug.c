#include "eval/programs/prepare_sirst_aug.h"

#include "core/log/progress.h"
#include "datasets/make/sirst_aug_set.h"

#include <stdio.h>

static void print_total(const char *split, const char *what, int64_t value, int64_t published) {
    printf("  %-9s %-38s %8lld   published %8lld  (%+.1f %%)\n", split, what, (long long)value, (long long)published,
           100.0 * (double)(value - published) / (double)published);
}

static void print_totals(const char *split, const sirst_aug_totals *t, const sirst_aug_totals *published) {
    print_total(split, "images", t->images, published->images);
    print_total(split, "targets", t->targets, published->targets);
    print_total(split, "target pixels", t->pixels, published->pixels);
    if (published->equal)
        print_total(split, "images with their number of targets", t->equal, published->equal);
}

status prepare_sirst_aug(const char *from, const char *to, int seed) {
    if (seed < 0)
        return status_fail(STATUS_USAGE, "--seed %d: expected 0 or more", seed);
    sirst_aug_totals trainval, test;
    progress bar;
    progress_begin(&bar, "cutting and turning", "image", 0);
    status result = sirst_aug_write(from, to, (uint64_t)seed, &trainval, &test, progress_share, &bar);
    progress_end(&bar);
    TRY(result);
    printf("%s: SIRST-Aug (reconstructed) from %s, training windows of seed %d\n", to, from, seed);
    print_totals("trainval", &trainval, &sirst_aug_published_trainval);
    print_totals("test", &test, &sirst_aug_published_test);
    return STATUS_OK;
}
