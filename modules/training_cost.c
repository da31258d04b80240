#include "modules/training_cost.h"

#include "core/base/processors.h"
#include "modules/checkpoint.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS "trainer/processor_seconds"
#define PROCESSORS "processors"

/* Whether `name` is one of those in `list`, which "; " stands between. */
static bool is_listed(const char *list, const char *name) {
    size_t length = strlen(name);
    for (const char *at = list; (at = strstr(at, name)); at += length)
        if ((at == list || at[-1] == ' ') && (at[length] == '\0' || at[length] == ';'))
            return true;
    return false;
}

void training_cost_add(training_cost *cost, double processor_seconds) {
    char name[PROCESSOR_NAME];
    processor_name("", name);
    cost->processor_seconds += processor_seconds;
    size_t used = strlen(cost->processors);
    if (!is_listed(cost->processors, name) && used + strlen(name) + 3 < sizeof cost->processors)
        snprintf(cost->processors + used, sizeof cost->processors - used, "%s%s", used ? "; " : "", name);
}

/* --- in a file --- */

status training_cost_write(h5_file *file, const training_cost *cost) {
    TRY(h5_write(file, SECONDS, H5_FLOAT64, &(h5_shape){0}, &cost->processor_seconds));
    return h5_write_attribute_text(file, "trainer", PROCESSORS, cost->processors);
}

static status read_processors(const h5_file *file, training_cost *out) {
    char *text;
    if (!h5_has_attribute(file, "trainer", PROCESSORS))
        return STATUS_OK;
    TRY(h5_read_attribute_text(file, "trainer", PROCESSORS, &text));
    snprintf(out->processors, sizeof out->processors, "%s", text);
    free(text);
    return STATUS_OK;
}

status training_cost_read(const h5_file *file, training_cost *out) {
    *out = (training_cost){0};
    if (!h5_exists(file, "trainer/epoch"))
        return STATUS_OK;
    TRY(h5_read(file, "trainer/epoch", H5_INT64, 1, &out->epochs));
    if (!h5_exists(file, SECONDS))
        return STATUS_OK;
    TRY(h5_read(file, SECONDS, H5_FLOAT64, 1, &out->processor_seconds));
    if (!isfinite(out->processor_seconds) || out->processor_seconds < 0)
        return status_fail(STATUS_INPUT, "%s: " SECONDS " is %g; expected seconds", h5_path(file),
                           out->processor_seconds);
    return read_processors(file, out);
}

status training_cost_read_file(const char *path, training_cost *out) {
    h5_file *file;
    *out = (training_cost){0};
    status result = checkpoint_open(path, &file);
    if (result != STATUS_OK)
        return result == STATUS_INPUT ? STATUS_OK : result; /* a published file; whoever loads it says what it is */
    result = training_cost_read(file, out);
    h5_close(file);
    return result;
}

/* --- for readers --- */

static void time_text(double seconds, char *text, size_t size) {
    if (seconds < 7200)
        snprintf(text, size, " in %.*f processor minutes", seconds < 600, seconds / 60);
    else
        snprintf(text, size, " in %.1f processor hours", seconds / 3600);
}

void training_cost_text(const training_cost *cost, char *text, size_t size) {
    char took[64] = "";
    *text = '\0';
    if (cost->epochs == 0)
        return;
    if (cost->processor_seconds > 0)
        time_text(cost->processor_seconds, took, sizeof took);
    snprintf(text, size, "%lld epoch%s%s%s%s", (long long)cost->epochs, cost->epochs == 1 ? "" : "s", took,
             *cost->processors ? ", " : "", cost->processors);
}
