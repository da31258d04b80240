/* A text that grows in memory and becomes a file whole or not at all.
 *
 * Thread rule: any thread at any time, on different buffers. */
#ifndef IRST_CORE_IO_TEXT_BUFFER_H
#define IRST_CORE_IO_TEXT_BUFFER_H

#include "core/base/status.h"

#include <stddef.h>
#include <stdio.h>

/* A zeroed struct is a closed one. */
typedef struct text_buffer {
    FILE *stream; /* to print to */
    char *text;   /* what was printed, after text_buffer_end; ends in '\0' */
    size_t size;
} text_buffer;

status text_buffer_begin(text_buffer *b); /* free with text_buffer_free */
void text_buffer_free(text_buffer *b);    /* accepts a closed one */

/* Completes `text`; more may be printed and ended again. STATUS_MEMORY if something did not fit. */
status text_buffer_end(text_buffer *b);

/* Writes what was printed to a file, atomically (file_write), and frees the buffer, also after a failure. */
status text_buffer_save(text_buffer *b, const char *path);

#endif
