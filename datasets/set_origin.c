#include "datasets/set_origin.h"

#include "core/io/file_io.h"
#include "core/io/hdf5_io.h"
#include "datasets/pack.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_BYTES = 4096 };

static status nothing(char **out) {
    *out = calloc(1, 1);
    return *out ? STATUS_OK : status_fail(STATUS_MEMORY, "out of memory for a description");
}

static status read_pack(const char *path, char **out) {
    h5_file *file;
    TRY(h5_open(path, &file));
    status result = h5_has_attribute(file, "/", "description") ? h5_read_attribute_text(file, "/", "description", out)
                                                               : nothing(out);
    h5_close(file);
    return result;
}

/* Downloads have a README.txt of their own, which says other things. */
static bool is_ours(const char *text) {
    return strstr(text, "ade by irst ") != NULL;
}

status set_origin_read(const char *path, char **out) {
    char readme[4096];
    size_t size;
    if (pack_is_called(path) && path_is_file(path))
        return read_pack(path, out);
    if (path_join(readme, path, "README.txt", "") != STATUS_OK || !path_is_file(readme) ||
        file_read(readme, MOST_BYTES, (uint8_t **)out, &size) != STATUS_OK)
        return nothing(out);
    (*out)[size] = '\0';
    if (!is_ours(*out))
        **out = '\0';
    return STATUS_OK;
}
