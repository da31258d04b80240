#include "eval/programs/convert_calibrate.h"

#include "core/base/process.h"
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

static status calibrate_on(calibration *c, const dataset *set, int images) {
    int all = dataset_count(set), count = images < all ? images : all;
    for (int i = 0; i < count; i++)
        TRY(add_image(c, set, (int)((int64_t)i * all / count)));
    TRY(calibration_finish(c));
    printf("ranges of %d layers from %d images of %s, split %s\n", calibration_layers(c), count, dataset_name(set),
           dataset_split(set));
    return STATUS_OK;
}

status convert_calibrate(detector *d, const char *data, const grey_range *range, int images) {
    dataset *set;
    calibration *c = NULL;
    TRY(dataset_open(data, "train", &set));
    dataset_set_range(set, range);
    status result = calibration_new(d, &c);
    if (result == STATUS_OK)
        result = calibrate_on(c, set, images);
    calibration_free(c);
    dataset_close(set);
    return result;
}
