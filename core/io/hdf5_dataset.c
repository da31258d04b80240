/* Datasets of numbers. */
#include "core/io/hdf5_private.h"

/* Rows smaller than this many bytes share a chunk. */
#define SMALLEST_CHUNK 4096
#define LARGEST_COMPACT 512 /* bytes that stand in a dataset's header */
#define DEFLATE_LEVEL 4
/* Of a chunk, which is unpacked whole: two images of the largest size. */
#define LARGEST_CHUNK ((hsize_t)1 << 30)

/* The memory that a dataset takes while it is read is that of its values and a chunk, and its values stand in the file
 * itself: what a hostile one says else is refused. */
static const char *unwanted_layout(hid_t dataset) {
    hid_t properties = H5Dget_create_plist(dataset), type = H5Dget_type(dataset);
    const char *what = NULL;
    hsize_t chunk[H5S_MAX_RANK] = {0}, bytes = type < 0 ? 0 : H5Tget_size(type);
    H5D_layout_t layout = properties < 0 ? H5D_LAYOUT_ERROR : H5Pget_layout(properties);
    int rank = layout == H5D_CHUNKED ? H5Pget_chunk(properties, H5S_MAX_RANK, chunk) : 0;
    for (int i = 0; i < rank && bytes <= LARGEST_CHUNK; i++)
        bytes *= chunk[i]; /* each below 2^32 */
    if (layout == H5D_LAYOUT_ERROR || rank < 0)
        what = "is not a dataset that can be read";
    else if (layout == H5D_VIRTUAL || H5Pget_external_count(properties) != 0)
        what = "has its values in other files";
    else if (bytes > LARGEST_CHUNK)
        what = "has chunks of more than 1 GiB";
    if (properties >= 0)
        H5Pclose(properties);
    if (type >= 0)
        H5Tclose(type);
    return what;
}

status h5_open_dataset(const h5_file *file, const char *dataset, hid_t *out) {
    *out = H5I_INVALID_HID;
    if (!h5_exists(file, dataset))
        return h5_fail(STATUS_INPUT, file, dataset, "there is no such dataset");
    *out = H5Dopen2(file->id, dataset, H5P_DEFAULT);
    if (*out < 0)
        return h5_fail(STATUS_INPUT, file, dataset, "is not a dataset that can be read");
    const char *what = unwanted_layout(*out);
    if (!what)
        return STATUS_OK;
    H5Dclose(*out);
    *out = H5I_INVALID_HID;
    return h5_fail(STATUS_INPUT, file, dataset, what);
}

static status shape_of(const h5_file *file, const char *name, hid_t dataset, h5_shape *out) {
    *out = (h5_shape){0};
    hsize_t size[H5S_MAX_RANK] = {0};
    hid_t space = H5Dget_space(dataset);
    int rank =
        space < 0 || H5Sget_simple_extent_type(space) == H5S_NULL ? -1 : H5Sget_simple_extent_dims(space, size, NULL);
    if (space >= 0)
        H5Sclose(space);
    if (rank < 0)
        return h5_fail(STATUS_INPUT, file, name, "has no shape");
    if (rank > H5_MAX_DIMENSIONS)
        return status_fail(STATUS_INPUT, "%s: %s: has %d dimensions; expected at most %d", h5_path(file), name, rank,
                           H5_MAX_DIMENSIONS);
    int64_t total = 1;
    for (int i = 0; i < rank; i++) {
        if (size[i] > INT64_MAX || __builtin_mul_overflow(total, (int64_t)size[i], &total))
            return status_fail(STATUS_INPUT, "%s: %s: has more elements than can be counted", h5_path(file), name);
        out->size[i] = (int64_t)size[i];
    }
    out->rank = rank;
    return STATUS_OK;
}

status h5_get_shape(const h5_file *file, const char *dataset, h5_shape *out) {
    H5_TAKE_TURN;
    hid_t id;
    TRY(h5_open_dataset(file, dataset, &id));
    status code = shape_of(file, dataset, id, out);
    H5Dclose(id);
    return code;
}

static size_t element_count(const h5_shape *shape) {
    size_t count = 1;
    for (int i = 0; i < shape->rank; i++)
        count *= (size_t)shape->size[i];
    return count;
}

static hid_t memory_type(h5_type type) {
    switch (type) {
    case H5_FLOAT32:
        return H5T_NATIVE_FLOAT;
    case H5_FLOAT64:
        return H5T_NATIVE_DOUBLE;
    case H5_INT32:
        return H5T_NATIVE_INT32;
    case H5_INT64:
        return H5T_NATIVE_INT64;
    case H5_UINT8:
        return H5T_NATIVE_UINT8;
    case H5_UINT16:
        return H5T_NATIVE_UINT16;
    }
    return H5I_INVALID_HID;
}

static hid_t stored_type(h5_type type) {
    switch (type) {
    case H5_FLOAT32:
        return H5T_IEEE_F32LE;
    case H5_FLOAT64:
        return H5T_IEEE_F64LE;
    case H5_INT32:
        return H5T_STD_I32LE;
    case H5_INT64:
        return H5T_STD_I64LE;
    case H5_UINT8:
        return H5T_STD_U8LE;
    case H5_UINT16:
        return H5T_STD_U16LE;
    }
    return H5I_INVALID_HID;
}

/* Numbers that can become the wanted ones. */
static status check_numbers(const h5_file *file, const char *name, hid_t dataset, h5_type wanted) {
    hid_t type = H5Dget_type(dataset);
    H5T_class_t kind = type < 0 ? H5T_NO_CLASS : H5Tget_class(type);
    if (type >= 0)
        H5Tclose(type);
    /* h5py stores truth values as an enumeration; HDF5 converts it to numbers. */
    if (kind != H5T_INTEGER && kind != H5T_FLOAT && kind != H5T_ENUM)
        return h5_fail(STATUS_INPUT, file, name, "does not hold numbers");
    /* HDF5 would cut them: images in 0..1 would be black. */
    if (kind == H5T_FLOAT && H5Tget_class(memory_type(wanted)) != H5T_FLOAT)
        return h5_fail(STATUS_INPUT, file, name, "holds floating-point numbers; expected whole ones");
    return STATUS_OK;
}

static status read_whole(const h5_file *file, const char *name, hid_t dataset, h5_type type, size_t count, void *data) {
    h5_shape shape;
    TRY(shape_of(file, name, dataset, &shape));
    TRY(check_numbers(file, name, dataset, type));
    if (element_count(&shape) != count)
        return status_fail(STATUS_INPUT, "%s: %s: has %zu elements; expected %zu", h5_path(file), name,
                           element_count(&shape), count);
    if (count > 0 && H5Dread(dataset, memory_type(type), H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0)
        return h5_fail(STATUS_INPUT, file, name, "cannot be read");
    return STATUS_OK;
}

status h5_read(const h5_file *file, const char *dataset, h5_type type, size_t count, void *data) {
    H5_TAKE_TURN;
    hid_t id;
    TRY(h5_open_dataset(file, dataset, &id));
    status code = read_whole(file, dataset, id, type, count, data);
    H5Dclose(id);
    return code;
}

/* Opens the dataset's space with `rows` rows from `first` selected, and a space for as many in memory. */
static bool select_rows(hid_t dataset, const h5_shape *shape, int64_t first, int64_t rows, hid_t *in_file,
                        hid_t *in_memory) {
    hsize_t start[H5_MAX_DIMENSIONS] = {(hsize_t)first}, count[H5_MAX_DIMENSIONS] = {(hsize_t)rows};
    for (int i = 1; i < shape->rank; i++)
        count[i] = (hsize_t)shape->size[i];
    *in_file = H5Dget_space(dataset);
    *in_memory = H5Screate_simple(shape->rank, count, NULL);
    return *in_file >= 0 && *in_memory >= 0 &&
           H5Sselect_hyperslab(*in_file, H5S_SELECT_SET, start, NULL, count, NULL) >= 0;
}

static void close_space(hid_t space) {
    if (space >= 0)
        H5Sclose(space);
}

/* Checks that the rows are in the dataset; *count receives their elements. */
static status check_rows(const h5_file *file, const char *name, hid_t dataset, h5_type type, int64_t first,
                         int64_t rows, h5_shape *shape, size_t *count) {
    TRY(shape_of(file, name, dataset, shape));
    TRY(check_numbers(file, name, dataset, type));
    if (shape->rank == 0)
        return status_fail(STATUS_INPUT, "%s: %s: is one number; expected rows", h5_path(file), name);
    if (first < 0 || rows < 0 || rows > shape->size[0] || first > shape->size[0] - rows)
        return status_fail(STATUS_INPUT, "%s: %s: has %lld rows; asked for %lld from row %lld", h5_path(file), name,
                           (long long)shape->size[0], (long long)rows, (long long)first);
    h5_shape part = *shape;
    part.size[0] = rows;
    *count = element_count(&part);
    return STATUS_OK;
}

static status read_part(const h5_file *file, const char *name, hid_t dataset, h5_type type, int64_t first, int64_t rows,
                        size_t count, void *data) {
    h5_shape shape;
    size_t available;
    TRY(check_rows(file, name, dataset, type, first, rows, &shape, &available));
    if (available != count)
        return status_fail(STATUS_INPUT, "%s: %s: %lld rows have %zu elements; expected %zu", h5_path(file), name,
                           (long long)rows, available, count);
    if (count == 0)
        return STATUS_OK;
    hid_t in_file, in_memory;
    status code = STATUS_OK;
    if (!select_rows(dataset, &shape, first, rows, &in_file, &in_memory) ||
        H5Dread(dataset, memory_type(type), in_memory, in_file, H5P_DEFAULT, data) < 0)
        code = h5_fail(STATUS_INPUT, file, name, "cannot be read");
    close_space(in_file);
    close_space(in_memory);
    return code;
}

status h5_read_rows(const h5_file *file, const char *dataset, h5_type type, int64_t first, int64_t rows, size_t count,
                    void *data) {
    H5_TAKE_TURN;
    hid_t id;
    TRY(h5_open_dataset(file, dataset, &id));
    status code = read_part(file, dataset, id, type, first, rows, count, data);
    H5Dclose(id);
    return code;
}

hid_t h5_dataset_properties(void) {
    hid_t properties = H5Pcreate(H5P_DATASET_CREATE);
    /* Without time stamps the same content gives the same bytes; without room for attributes, which ours do not have,
     * the headers of a network's hundreds of small tensors are half as large. */
    if (properties >= 0) {
        H5Pset_obj_track_times(properties, false);
        H5Pset_dset_no_attrs_hint(properties, true);
    }
    return properties;
}

status h5_new_dataset(h5_file *file, const char *dataset, hid_t type, hid_t space, hid_t properties, hid_t *out) {
    hid_t links = H5Pcreate(H5P_LINK_CREATE);
    if (links >= 0) {
        H5Pset_create_intermediate_group(links, 1);
        H5Pset_char_encoding(links, H5T_CSET_UTF8);
    }
    *out = links < 0 || space < 0 || properties < 0
               ? H5I_INVALID_HID
               : H5Dcreate2(file->id, dataset, type, space, links, properties, H5P_DEFAULT);
    status code = *out < 0 ? h5_write_failed(file, dataset, "cannot be created") : STATUS_OK;
    if (links >= 0)
        H5Pclose(links);
    return code;
}

/* The dataspace of a shape; invalid if the shape is. */
static hid_t space_of(const h5_shape *shape) {
    hsize_t size[H5_MAX_DIMENSIONS];
    if (shape->rank < 0 || shape->rank > H5_MAX_DIMENSIONS)
        return H5I_INVALID_HID;
    for (int i = 0; i < shape->rank; i++) {
        if (shape->size[i] < 0)
            return H5I_INVALID_HID;
        size[i] = (hsize_t)shape->size[i];
    }
    return shape->rank == 0 ? H5Screate(H5S_SCALAR) : H5Screate_simple(shape->rank, size, NULL);
}

static status create_of_shape(h5_file *file, const char *name, h5_type type, const h5_shape *shape, hid_t properties,
                              hid_t *out) {
    hid_t space = space_of(shape);
    status code = h5_new_dataset(file, name, stored_type(type), space, properties, out);
    close_space(space);
    H5Pclose(properties);
    return code;
}

/* Closing writes what is still in memory, so its failure counts. */
status h5_close_written(const h5_file *file, const char *dataset, hid_t id, status code) {
    if ((H5Dclose(id) < 0 || file->refused != 0) && code == STATUS_OK)
        return h5_write_failed(file, dataset, "cannot be written");
    return code;
}

static status write_whole(h5_file *file, const char *dataset, h5_type type, const h5_shape *shape, hid_t properties,
                          const void *data) {
    hid_t id;
    status code = STATUS_OK;
    TRY(create_of_shape(file, dataset, type, shape, properties, &id));
    if (element_count(shape) > 0 && H5Dwrite(id, memory_type(type), H5S_ALL, H5S_ALL, H5P_DEFAULT, data) < 0)
        code = h5_write_failed(file, dataset, "cannot be written");
    return h5_close_written(file, dataset, id, code);
}

status h5_write(h5_file *file, const char *dataset, h5_type type, const h5_shape *shape, const void *data) {
    H5_TAKE_TURN;
    hid_t properties = h5_dataset_properties();
    size_t bytes = element_count(shape) * H5Tget_size(stored_type(type));
    if (properties >= 0 && bytes > 0 && bytes <= LARGEST_COMPACT)
        H5Pset_layout(properties, H5D_COMPACT);
    return write_whole(file, dataset, type, shape, properties, data);
}

static hid_t compressed_properties(int rank, const hsize_t *chunk) {
    hid_t properties = h5_dataset_properties();
    if (properties >= 0 && (H5Pset_chunk(properties, rank, chunk) < 0 || H5Pset_shuffle(properties) < 0 ||
                            H5Pset_deflate(properties, DEFLATE_LEVEL) < 0)) {
        H5Pclose(properties);
        return H5I_INVALID_HID;
    }
    return properties;
}

static status check_rank(const h5_file *file, const char *dataset, const h5_shape *shape) {
    if (shape->rank >= 1 && shape->rank <= H5_MAX_DIMENSIONS)
        return STATUS_OK;
    return status_fail(STATUS_OUTPUT, "%s: %s: has %d dimensions; expected 1 to %d", h5_path(file), dataset,
                       shape->rank, H5_MAX_DIMENSIONS);
}

status h5_write_compressed(h5_file *file, const char *dataset, h5_type type, const h5_shape *shape, const void *data) {
    H5_TAKE_TURN;
    TRY(check_rank(file, dataset, shape));
    hsize_t chunk[H5_MAX_DIMENSIONS];
    for (int i = 0; i < shape->rank; i++)
        chunk[i] = (hsize_t)shape->size[i];
    hid_t properties = compressed_properties(shape->rank, chunk);
    if (properties < 0)
        return h5_write_failed(file, dataset, "cannot be compressed");
    return write_whole(file, dataset, type, shape, properties, data);
}

/* Chunks of whole rows: one row, or as many small ones as fill the smallest chunk. */
static hid_t chunked_properties(h5_type type, const h5_shape *shape) {
    h5_shape row = *shape;
    row.size[0] = 1;
    size_t row_bytes = element_count(&row) * H5Tget_size(stored_type(type));
    size_t rows = row_bytes == 0 || row_bytes >= SMALLEST_CHUNK ? 1 : SMALLEST_CHUNK / row_bytes;
    hsize_t chunk[H5_MAX_DIMENSIONS];
    for (int i = 0; i < shape->rank; i++)
        chunk[i] = (hsize_t)shape->size[i];
    chunk[0] = rows < (size_t)shape->size[0] ? rows : (hsize_t)shape->size[0];

    return compressed_properties(shape->rank, chunk);
}

status h5_create_chunked(h5_file *file, const char *dataset, h5_type type, const h5_shape *shape) {
    H5_TAKE_TURN;
    TRY(check_rank(file, dataset, shape));
    hid_t id;
    hid_t properties = chunked_properties(type, shape);
    if (properties < 0)
        return h5_write_failed(file, dataset, "cannot be stored in chunks");
    TRY(create_of_shape(file, dataset, type, shape, properties, &id));
    return h5_close_written(file, dataset, id, STATUS_OK);
}

static status write_part(h5_file *file, const char *name, hid_t dataset, h5_type type, int64_t first, int64_t rows,
                         const void *data) {
    h5_shape shape;
    size_t count;
    TRY(check_rows(file, name, dataset, type, first, rows, &shape, &count));
    if (count == 0)
        return STATUS_OK;
    hid_t in_file, in_memory;
    status code = STATUS_OK;
    if (!select_rows(dataset, &shape, first, rows, &in_file, &in_memory) ||
        H5Dwrite(dataset, memory_type(type), in_memory, in_file, H5P_DEFAULT, data) < 0)
        code = h5_write_failed(file, name, "cannot be written");
    close_space(in_file);
    close_space(in_memory);
    return code;
}

status h5_write_rows(h5_file *file, const char *dataset, h5_type type, int64_t first, int64_t rows, const void *data) {
    H5_TAKE_TURN;
    hid_t id;
    TRY(h5_open_dataset(file, dataset, &id));
    return h5_close_written(file, dataset, id, write_part(file, dataset, id, type, first, rows, data));
}
