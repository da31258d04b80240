#include "eval/programs/convert_calibrate.h"

#include "core/base/process.h"
#include "datasets/set_roots.h"
#include "eval/measure/sample.h"
#include "modules/calibration.h"

#include <stdio.h>

enum { SIDE = 256 };

static status add_image(calibration *c, const dataset *set, int index) {
    sample s;
    TRY(process_check_signals());
    TRY(sample_read(set, index, &(sample_options){.size = SIDE}, &s));
    status result = calibration_add(c, s.image, s.width, s.height);
    sample_free(&s);
    return result;
}

/* Of one set. */
static status add_set(calibration *c, const char *root, const grey_range *range, int images) {
    dataset *set;
    TRY(dataset_open(root, "train", &set));
    dataset_set_range(set, range);
    int all = dataset_count(set), count = images < all ? images : all;
    status result = STATUS_OK;
    for (int i = 0; i < count && result == STATUS_OK; i++)
        result = add_image(c, set, (int)((int64_t)i * all / count));
    if (result == STATUS_OK)
        printf("ranges of %d layers from %d images of %s, split %s\n", calibration_layers(c), count, dataset_name(set),
               dataset_split(set));
    dataset_close(set);
    return result;
}

status convert_calibrate(detector *d, const char *data, const grey_range *range, int images) {
    name_list roots = {0};
    calibration *c = NULL;
    status result = set_roots_of("DATA", data, &roots);
    if (result == STATUS_OK)
        result = calibration_new(d, &c);
    for (int i = 0; i < roots.count && result == STATUS_OK; i++)
        result = add_set(c, roots.names[i], range, images);
    if (result == STATUS_OK)
        result = calibration_finish(c);
    calibration_free(c);
    name_list_free(&roots);
    return result;
}
