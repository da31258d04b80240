/* Strings, and attributes of any kind. */
#include "core/io/hdf5_private.h"

#include <stdlib.h>
#include <string.h>

#define MOST_STRINGS (1 << 21)
#define LONGEST_STRING (1 << 20) /* bytes of one string of fixed length */

/* A dataset or an attribute, opened, with its type and space. */
typedef struct text_source {
    const h5_file *file;
    char label[512]; /* for messages: the path of the dataset, or "OBJECT@ATTRIBUTE" */
    bool is_attribute;
    hid_t id, type, space;
} text_source;

static void close_source(text_source *source) {
    if (source->space >= 0)
        H5Sclose(source->space);
    if (source->type >= 0)
        H5Tclose(source->type);
    if (source->is_attribute)
        H5Aclose(source->id);
    else
        H5Dclose(source->id);
}

/* Completes a source whose `id` is open; closes it on failure. */
static status describe_source(text_source *source) {
    source->type = source->is_attribute ? H5Aget_type(source->id) : H5Dget_type(source->id);
    source->space = source->is_attribute ? H5Aget_space(source->id) : H5Dget_space(source->id);
    if (source->type >= 0 && source->space >= 0)
        return STATUS_OK;
    status code = h5_fail(STATUS_INPUT, source->file, source->label, "cannot be read");
    close_source(source);
    return code;
}

static status open_text_dataset(const h5_file *file, const char *dataset, text_source *out) {
    *out = (text_source){.file = file};
    snprintf(out->label, sizeof out->label, "%s", dataset);
    TRY(h5_open_dataset(file, dataset, &out->id));
    return describe_source(out);
}

static status open_attribute(const h5_file *file, const char *object, const char *name, text_source *out) {
    *out = (text_source){.file = file, .is_attribute = true};
    snprintf(out->label, sizeof out->label, "%s@%s", object, name);
    if (!h5_has_attribute(file, object, name))
        return h5_fail(STATUS_INPUT, file, out->label, "there is no such attribute");
    out->id = H5Aopen_by_name(file->id, object, name, H5P_DEFAULT, H5P_DEFAULT);
    if (out->id < 0)
        return h5_fail(STATUS_INPUT, file, out->label, "cannot be read");
    return describe_source(out);
}

static bool read_source(const text_source *source, hid_t type, void *data) {
    return (source->is_attribute ? H5Aread(source->id, type, data)
                                 : H5Dread(source->id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data)) >= 0;
}

static void free_strings(char **strings, int count) {
    for (int i = 0; strings != NULL && i < count; i++)
        free(strings[i]);
    free(strings);
}

/* A string type in memory with the source's character set, which HDF5 does not convert. */
static hid_t string_type(const text_source *source, size_t size) {
    hid_t type = H5Tcopy(H5T_C_S1);
    if (type >= 0 && (H5Tset_size(type, size) < 0 || H5Tset_cset(type, H5Tget_cset(source->type)) < 0)) {
        H5Tclose(type);
        return H5I_INVALID_HID;
    }
    return type;
}

static status no_memory(const text_source *source, int count) {
    return status_fail(STATUS_MEMORY, "%s: %s: out of memory for %d strings", h5_path(source->file), source->label,
                       count);
}

/* Reads into `lent`, all null pointers before, and copies. */
static status copy_variable(const text_source *source, hid_t type, char **lent, char **strings, int count) {
    if (!read_source(source, type, lent))
        return h5_fail(STATUS_INPUT, source->file, source->label, "cannot be read");
    for (int i = 0; i < count; i++) {
        strings[i] = strdup(lent[i] != NULL ? lent[i] : "");
        if (strings[i] == NULL)
            return no_memory(source, count);
    }
    return STATUS_OK;
}

static status check_variable(const text_source *source, int count) {
    void *references = calloc((size_t)count, H5_REFERENCE_SIZE);
    hid_t type = h5_reference_type();
    status code;
    if (references == NULL || type < 0)
        code = no_memory(source, count);
    else if (!read_source(source, type, references))
        code = h5_fail(STATUS_INPUT, source->file, source->label, "cannot be read");
    else
        code = h5_check_references(source->file, source->label, references, count);
    if (type >= 0)
        H5Tclose(type);
    free(references);
    return code;
}

/* HDF5 allocates strings of variable length itself: they are copied and given back. */
static status read_variable(const text_source *source, char **strings, int count) {
    TRY(check_variable(source, count));
    char **lent = calloc((size_t)count, sizeof *lent);
    hid_t type = string_type(source, H5T_VARIABLE);
    status code;
    if (lent == NULL || type < 0) {
        code = no_memory(source, count);
    } else {
        code = copy_variable(source, type, lent, strings, count);
        H5Dvlen_reclaim(type, source->space, H5P_DEFAULT, lent);
    }
    if (type >= 0)
        H5Tclose(type);
    free(lent);
    return code;
}

static status copy_fixed(const text_source *source, const char *block, size_t size, char **strings, int count) {
    for (int i = 0; i < count; i++) {
        strings[i] = strdup(block + (size_t)i * size);
        if (strings[i] == NULL)
            return no_memory(source, count);
    }
    return STATUS_OK;
}

/* Strings of fixed length come in one block; one byte more for each lets HDF5 end them with a zero. */
static status read_fixed(const text_source *source, char **strings, int count) {
    size_t size = H5Tget_size(source->type) + 1;
    if (size == 1 || size > LONGEST_STRING || (size_t)count > H5_LARGEST_TEXT / size)
        return status_fail(STATUS_INPUT, "%s: %s: %d strings of %zu bytes are too large", h5_path(source->file),
                           source->label, count, size - 1);
    char *block = calloc((size_t)count, size);
    hid_t type = string_type(source, size);
    status code = STATUS_OK;
    if (block == NULL || type < 0)
        code = no_memory(source, count);
    else if (!read_source(source, type, block))
        code = h5_fail(STATUS_INPUT, source->file, source->label, "cannot be read");
    else
        code = copy_fixed(source, block, size, strings, count);
    if (type >= 0)
        H5Tclose(type);
    free(block);
    return code;
}

/* `*out` receives an array of at least one entry, so that it is never NULL on success. */
static status read_strings(const text_source *source, char ***out, int *count) {
    *out = NULL;
    *count = 0;
    if (H5Tget_class(source->type) != H5T_STRING)
        return h5_fail(STATUS_INPUT, source->file, source->label, "does not hold text");
    hssize_t total = H5Sget_simple_extent_npoints(source->space);
    if (total < 0 || total > MOST_STRINGS)
        return status_fail(STATUS_INPUT, "%s: %s: holds %lld strings; expected at most %d", h5_path(source->file),
                           source->label, (long long)total, MOST_STRINGS);
    int wanted = (int)total;
    char **strings = calloc(wanted > 0 ? (size_t)wanted : 1, sizeof *strings);
    if (strings == NULL)
        return no_memory(source, wanted);
    status code = STATUS_OK;
    if (wanted > 0)
        code = H5Tis_variable_str(source->type) > 0 ? read_variable(source, strings, wanted)
                                                    : read_fixed(source, strings, wanted);
    if (code != STATUS_OK) {
        free_strings(strings, wanted);
        return code;
    }
    *out = strings;
    *count = wanted;
    return STATUS_OK;
}

status h5_read_strings(const h5_file *file, const char *dataset, char ***strings, int *count) {
    H5_TAKE_TURN;
    text_source source;
    *strings = NULL;
    *count = 0;
    TRY(open_text_dataset(file, dataset, &source));
    status code = read_strings(&source, strings, count);
    close_source(&source);
    return code;
}

/* Variable length and UTF-8: what h5py reads as str. */
static hid_t utf8_type(void) {
    hid_t type = H5Tcopy(H5T_C_S1);
    if (type >= 0 && (H5Tset_size(type, H5T_VARIABLE) < 0 || H5Tset_cset(type, H5T_CSET_UTF8) < 0)) {
        H5Tclose(type);
        return H5I_INVALID_HID;
    }
    return type;
}

static status write_string_dataset(h5_file *file, const char *dataset, hid_t type, hid_t space, hid_t properties,
                                   const char *const *strings, int count) {
    hid_t id;
    status code = STATUS_OK;
    TRY(h5_new_dataset(file, dataset, type, space, properties, &id));
    if (count > 0 && H5Dwrite(id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, strings) < 0)
        code = h5_write_failed(file, dataset, "cannot be written");
    return h5_close_written(file, dataset, id, code);
}

status h5_write_strings(h5_file *file, const char *dataset, const char *const *strings, int count) {
    H5_TAKE_TURN;
    hsize_t size = (hsize_t)count;
    hid_t type = utf8_type(), space = H5Screate_simple(1, &size, NULL), properties = h5_dataset_properties();
    status code = type < 0 ? h5_write_failed(file, dataset, "cannot be created")
                           : write_string_dataset(file, dataset, type, space, properties, strings, count);
    H5Tclose(type);
    H5Sclose(space);
    H5Pclose(properties);
    return code;
}

bool h5_has_attribute(const h5_file *file, const char *object, const char *name) {
    H5_TAKE_TURN;
    bool there = h5_exists(file, object) && H5Aexists_by_name(file->id, object, name, H5P_DEFAULT) > 0;
    H5Eclear2(H5E_DEFAULT);
    return there;
}

status h5_read_attribute_strings(const h5_file *file, const char *object, const char *name, char ***strings,
                                 int *count) {
    H5_TAKE_TURN;
    text_source source;
    *strings = NULL;
    *count = 0;
    TRY(open_attribute(file, object, name, &source));
    status code = read_strings(&source, strings, count);
    close_source(&source);
    return code;
}

status h5_read_attribute_text(const h5_file *file, const char *object, const char *name, char **out) {
    char **strings;
    int count;
    *out = NULL;
    TRY(h5_read_attribute_strings(file, object, name, &strings, &count));
    if (count != 1) {
        free_strings(strings, count);
        return status_fail(STATUS_INPUT, "%s: %s@%s: holds %d strings; expected one", h5_path(file), object, name,
                           count);
    }
    *out = strings[0];
    free(strings);
    return STATUS_OK;
}

/* One number, converted to `type`. Whole numbers are not taken from real ones: HDF5 would cut them. */
static status read_number(const h5_file *file, const char *object, const char *name, hid_t type, void *out) {
    text_source source;
    TRY(open_attribute(file, object, name, &source));
    H5T_class_t stored = H5Tget_class(source.type);
    status code = STATUS_OK;
    if (stored != H5T_INTEGER && stored != H5T_ENUM && (stored != H5T_FLOAT || H5Tget_class(type) != H5T_FLOAT))
        code = h5_fail(STATUS_INPUT, file, source.label,
                       H5Tget_class(type) == H5T_FLOAT ? "is not a number" : "is not a whole number");
    else if (H5Sget_simple_extent_npoints(source.space) != 1)
        code = h5_fail(STATUS_INPUT, file, source.label, "is not one number");
    else if (!read_source(&source, type, out))
        code = h5_fail(STATUS_INPUT, file, source.label, "cannot be read");
    close_source(&source);
    return code;
}

status h5_read_attribute_double(const h5_file *file, const char *object, const char *name, double *out) {
    H5_TAKE_TURN;
    return read_number(file, object, name, H5T_NATIVE_DOUBLE, out);
}

status h5_read_attribute_int(const h5_file *file, const char *object, const char *name, int64_t *out) {
    H5_TAKE_TURN;
    return read_number(file, object, name, H5T_NATIVE_INT64, out);
}

static status write_attribute(h5_file *file, const char *object, const char *name, hid_t stored, hid_t type,
                              const void *value) {
    char label[512];
    snprintf(label, sizeof label, "%s@%s", object, name);
    if (!h5_exists(file, object))
        return h5_write_failed(file, label, "there is no such object");
    if (h5_has_attribute(file, object, name) && H5Adelete_by_name(file->id, object, name, H5P_DEFAULT) < 0)
        return h5_write_failed(file, label, "cannot be replaced");
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t id = H5Acreate_by_name(file->id, object, name, stored, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    status code = STATUS_OK;
    if (id < 0 || H5Awrite(id, type, value) < 0)
        code = h5_write_failed(file, label, "cannot be written");
    if (id >= 0)
        H5Aclose(id);
    H5Sclose(space);
    return code;
}

status h5_write_attribute_text(h5_file *file, const char *object, const char *name, const char *text) {
    H5_TAKE_TURN;
    hid_t type = utf8_type();
    status code = write_attribute(file, object, name, type, type, &text);
    H5Tclose(type);
    return code;
}

status h5_write_attribute_double(h5_file *file, const char *object, const char *name, double value) {
    H5_TAKE_TURN;
    return write_attribute(file, object, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, &value);
}

status h5_write_attribute_int(h5_file *file, const char *object, const char *name, int64_t value) {
    H5_TAKE_TURN;
    return write_attribute(file, object, name, H5T_STD_I64LE, H5T_NATIVE_INT64, &value);
}
