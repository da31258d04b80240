#include "tests/golden.h"
#include "tests/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static int compared; /* values that golden_limit judged */

int golden_main(int argc, char **argv, int count, const char *usage, status (*check)(char **arguments, int *wrong)) {
    if (argc != count + 1) {
        fprintf(stderr, "usage: %s\n", usage);
        return 2;
    }
    int wrong = 0;
    compared = 0;
    if (check(argv + 1, &wrong) != STATUS_OK) {
        fprintf(stderr, "%s\n", status_message());
        return 1;
    }
    if (compared == 0) {
        fprintf(stderr, "nothing was compared\n");
        return 1;
    }
    printf("%s\n", wrong ? "DIFFERENT" : "equal within the limits");
    return wrong != 0;
}

void golden_limit(const char *what, double deviation, double limit, int *wrong) {
    bool within = deviation <= limit; /* false for NaN */
    printf("%-64s %.3e (limit %.0e)%s\n", what, deviation, limit, within ? "" : "  BEYOND");
    *wrong += !within;
    compared++;
}

static status set_all(const char *const *options, config *c) {
    for (; *options; options += 2)
        TRY(config_set(c, options[0], options[1], "golden file"));
    TRY(config_declare(c, &detector_name_key, 1));
    TRY(detector_declare_options(c));
    return config_check(c);
}

status golden_detector(const char *const *options, detector **out) {
    config *c;
    TRY(config_new(&c));
    status result = set_all(options, c);
    if (result == STATUS_OK)
        result = detector_new(test_engine(), c, 1, out);
    config_free(c);
    return result;
}

status golden_read_parameters(const h5_file *file, const char *group, detector *d) {
    parameter_set *set = detector_parameters(d);
    for (int i = 0; i < set->count; i++) {
        parameter *p = set->items[i];
        char path[512];
        snprintf(path, sizeof path, "%s/%s", group, p->name);
        TRY(h5_read(file, path, H5_FLOAT32, p->count, p->value));
    }
    return STATUS_OK;
}

status golden_read(const h5_file *file, const char *dataset, h5_type type, void **out, size_t *count) {
    h5_shape shape;
    *out = NULL;
    TRY(h5_get_shape(file, dataset, &shape));
    *count = 1;
    for (int i = 0; i < shape.rank; i++) {
        if (shape.size[i] < 1 || shape.size[i] > 1 << 24 || *count > 1 << 26)
            return status_fail(STATUS_INPUT, "%s: %s has an absurd shape", h5_path(file), dataset);
        *count *= (size_t)shape.size[i];
    }
    *out = malloc(*count * sizeof(double));
    if (!*out)
        return status_fail(STATUS_MEMORY, "out of memory for %s", dataset);
    status result = h5_read(file, dataset, type, *count, *out);
    if (result != STATUS_OK) {
        free(*out);
        *out = NULL;
    }
    return result;
}

double golden_difference(const float *ours, const float *theirs, size_t count, double *largest) {
    double difference = 0;
    *largest = 0;
    for (size_t i = 0; i < count; i++) {
        double off = fabs((double)ours[i] - theirs[i]), size = fabs((double)theirs[i]);
        if (isnan(off))
            return NAN;
        difference = off > difference ? off : difference;
        *largest = size > *largest ? size : *largest;
    }
    return difference;
}
