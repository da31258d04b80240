#include "train/crop_plan.h"

#include "datasets/vary/augment.h"

#include <stdlib.h>
#include <string.h>

/* Whole numbers in minimum .. maximum, separated by commas; their count, or -1. */
static int read_numbers(const char *text, long long minimum, long long maximum, int64_t out[CROP_PLAN_LENGTH]) {
    int count = 0;
    for (const char *at = text; count < CROP_PLAN_LENGTH; at++) {
        char *end;
        long long number = strtoll(at, &end, 10);
        end += strspn(end, " ");
        if (end == at || number < minimum || number > maximum || (*end && *end != ','))
            return -1;
        out[count++] = number;
        at = end;
        if (!*at)
            return count;
    }
    return -1;
}

/* What lies beyond the image would be black, and its edge stronger than any target. */
static status check_size(const config *c, const crop_plan *plan, int i) {
    int whole = augment_whole_size(augment_find(config_text(c, "data.augment")), plan->whole);
    bool is_cropped = plan->end[i] > (i > 0 ? plan->end[i - 1] : 0);
    if (is_cropped && whole > 0 && plan->size[i] > whole)
        return status_fail(STATUS_USAGE,
                           "train.crop_size = %.100s: crops of %d pixels, expected at most the %d to which images are "
                           "resized (data.size)",
                           config_text(c, "train.crop_size"), plan->size[i], whole);
    return STATUS_OK;
}

status crop_plan_read(const config *c, crop_plan *out) {
    enum { LEAST = 16, MOST = 4096, EPOCHS = 1000000 };
    int64_t epochs[CROP_PLAN_LENGTH], sizes[CROP_PLAN_LENGTH], end = 0;
    const char *epoch_text = config_text(c, "train.crop_epochs"), *size_text = config_text(c, "train.crop_size");
    *out = (crop_plan){.count = read_numbers(epoch_text, 0, EPOCHS, epochs), .whole = (int)config_int(c, "data.size")};
    if (out->count < 0)
        return status_fail(STATUS_USAGE, "train.crop_epochs = %.100s: expected numbers of epochs, as in 16 or 16, 8",
                           epoch_text);
    if (read_numbers(size_text, LEAST, MOST, sizes) != out->count)
        return status_fail(
            STATUS_USAGE,
            "train.crop_size = %.100s: expected %d to %d pixels, one number for each of train.crop_epochs "
            "= %.100s",
            size_text, LEAST, MOST, epoch_text);
    for (int i = 0; i < out->count; i++) {
        out->end[i] = end += epochs[i];
        out->size[i] = (int)sizes[i];
        TRY(check_size(c, out, i));
    }
    return STATUS_OK;
}

int crop_plan_size(const crop_plan *plan, int64_t epoch) {
    for (int i = 0; i < plan->count; i++)
        if (epoch < plan->end[i])
            return plan->size[i];
    return 0;
}

double crop_plan_epoch_work(const crop_plan *plan, int64_t epoch) {
    int size = crop_plan_size(plan, epoch);
    double share = (double)size / plan->whole;
    return size > 0 ? share * share : 1;
}

double crop_plan_work(const crop_plan *plan, int64_t epoch) {
    double work = 0;
    for (int64_t i = 0; i < epoch; i++)
        work += crop_plan_epoch_work(plan, i);
    return work;
}
