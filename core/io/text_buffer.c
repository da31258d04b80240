#include "core/io/text_buffer.h"

#include "core/io/file_io.h"

#include <stdlib.h>

status text_buffer_begin(text_buffer *b) {
    *b = (text_buffer){0};
    b->stream = open_memstream(&b->text, &b->size);
    return b->stream ? STATUS_OK : status_fail(STATUS_MEMORY, "out of memory for a text");
}

void text_buffer_free(text_buffer *b) {
    if (b->stream)
        fclose(b->stream);
    free(b->text);
    *b = (text_buffer){0};
}

status text_buffer_end(text_buffer *b) {
    bool whole = fflush(b->stream) == 0 && !ferror(b->stream);
    return whole ? STATUS_OK : status_fail(STATUS_MEMORY, "out of memory for a text of %zu bytes", b->size);
}

status text_buffer_save(text_buffer *b, const char *path) {
    status result = text_buffer_end(b);
    result = result == STATUS_OK ? file_write(path, b->text, b->size) : status_prefix(result, "%s", path);
    text_buffer_free(b);
    return result;
}
