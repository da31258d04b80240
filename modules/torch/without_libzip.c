/* Takes the place of torch_zip.c in programs that are linked statically where there is no static libzip. */
#include "modules/torch/torch_container.h"

#include <string.h>

static bool recognises(const uint8_t head[TORCH_HEAD_SIZE]) {
    return !memcmp(head, "PK\3\4", 4);
}

static status open_file(const char *path, torch_container **out) {
    (void)path;
    *out = NULL;
    return status_fail(STATUS_INPUT, "a zip file of PyTorch, which this program was built without reading: "
                                     "`irst-convert from-torch` of a full build makes an .h5 of it");
}

/* Of a file that is not opened nothing more is asked. */
const torch_format torch_format_zip = {recognises, open_file, NULL, NULL, NULL};
