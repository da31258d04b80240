#include "bench/expected_shares.h"

#include "core/base/processors.h"
#include "core/config/config.h"
#include "core/io/text_buffer.h"
#include "core/tensor/kernels.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const sections[] = {"portable", "avx2", "avx512"};

enum { SECTIONS = 3, OTHER_KEYS = 2 };

typedef struct key_name {
    char text[96];
} key_name;

struct expected_shares {
    const engine *engine;
    config *values;
    config_key *keys;
    key_name *names; /* of the keys */
};

static key_name key_of(const char *section, const char *name) {
    key_name key;
    snprintf(key.text, sizeof key.text, "%s.%s", section, name);
    return key;
}

static int keys_per_section(void) {
    return OTHER_KEYS + conv_layer_count * CASE_RUNS;
}

/* The keys of one section: threads, processor, and a share for every layer and run. */
static void fill_section(const char *section, config_key *keys, key_name *names) {
    names[0] = key_of(section, "threads");
    keys[0] = (config_key){.type = CONFIG_INT, .default_value = "0", .maximum = ENGINE_MOST_THREADS};
    names[1] = key_of(section, "processor");
    keys[1] = (config_key){.type = CONFIG_TEXT, .default_value = ""};
    for (int i = 0; i < conv_layer_count * CASE_RUNS; i++) {
        conv_name layer = conv_layer_name(&conv_layers[i / CASE_RUNS], (case_run)(i % CASE_RUNS));
        names[OTHER_KEYS + i] = key_of(section, layer.text);
        keys[OTHER_KEYS + i] = (config_key){.type = CONFIG_REAL, .default_value = "0", .maximum = 1e6};
    }
    for (int i = 0; i < keys_per_section(); i++) {
        keys[i].name = names[i].text;
        keys[i].help = "see expected_shares.h";
    }
}

static status read_values(expected_shares *e) {
    int count = keys_per_section();
    e->keys = calloc((size_t)SECTIONS * (size_t)count, sizeof *e->keys);
    e->names = calloc((size_t)SECTIONS * (size_t)count, sizeof *e->names);
    if (!e->keys || !e->names)
        return status_fail(STATUS_MEMORY, "out of memory for the expected shares");
    for (int s = 0; s < SECTIONS; s++)
        fill_section(sections[s], e->keys + s * count, e->names + s * count);
    TRY(config_new(&e->values));
    TRY(config_declare(e->values, e->keys, SECTIONS * count));
    if (path_is_file(EXPECTED_SHARES_FILE))
        TRY(config_load(e->values, EXPECTED_SHARES_FILE));
    return config_check(e->values);
}

status expected_shares_open(const engine *e, expected_shares **out) {
    *out = calloc(1, sizeof **out);
    if (!*out)
        return status_fail(STATUS_MEMORY, "out of memory for the expected shares");
    (*out)->engine = e;
    status result = read_values(*out);
    if (result != STATUS_OK) {
        expected_shares_free(*out);
        *out = NULL;
    }
    return result;
}

void expected_shares_free(expected_shares *e) {
    if (!e)
        return;
    config_free(e->values);
    free(e->keys);
    free(e->names);
    free(e);
}

int expected_shares_threads(const expected_shares *e) {
    return (int)config_int(e->values, key_of(engine_kernels(e->engine)->name, "threads").text);
}

const char *expected_shares_processor(const expected_shares *e) {
    return config_text(e->values, key_of(engine_kernels(e->engine)->name, "processor").text);
}

double expected_share(const expected_shares *e, conv_name name) {
    return config_real(e->values, key_of(engine_kernels(e->engine)->name, name.text).text);
}

/* --- writing --- */

/* "AMD EPYC, family 25, model 17"; the name alone may be shared by generations. */
static void processor_model(char *out, size_t size) {
    char line[256], name[PROCESSOR_NAME], family[16] = "?", model[16] = "?";
    processor_name("", name);
    FILE *file = fopen("/proc/cpuinfo", "r");
    while (file && fgets(line, sizeof line, file) && line[0] != '\n') {
        sscanf(line, "cpu family : %15[^\n]", family);
        sscanf(line, "model : %15[^\n]", model);
    }
    if (file)
        fclose(file);
    snprintf(out, size, "%s, family %s, model %s", name, family, model);
}

static status set(expected_shares *e, const char *name, const char *value) {
    return config_set(e->values, key_of(engine_kernels(e->engine)->name, name).text, value, "measured");
}

status expected_shares_set(expected_shares *e, conv_name name, double share) {
    char text[256];
    snprintf(text, sizeof text, "%.1f", share);
    TRY(set(e, name.text, text));
    snprintf(text, sizeof text, "%d", engine_threads(e->engine));
    TRY(set(e, "threads", text));
    processor_model(text, sizeof text);
    return set(e, "processor", text);
}

static void write_section(const config *values, const config_key *keys, FILE *stream) {
    if (config_int(values, keys[0].name) == 0)
        return;
    const char *section_end = strchr(keys[0].name, '.');
    fprintf(stream, "\n[%.*s]\n", (int)(section_end - keys[0].name), keys[0].name);
    for (int i = 0; i < keys_per_section(); i++)
        fprintf(stream, "%s = %s\n", strchr(keys[i].name, '.') + 1, config_value(values, keys[i].name));
}

status expected_shares_write(const expected_shares *e) {
    text_buffer b;
    TRY(text_buffer_begin(&b));
    fprintf(b.stream,
            "; Written by `bench conv --write-expected`: percent of the FMA peak, see bench/expected_shares.h.\n");
    for (int s = 0; s < SECTIONS; s++)
        write_section(e->values, e->keys + s * keys_per_section(), b.stream);
    return text_buffer_save(&b, EXPECTED_SHARES_FILE);
}
