/* Bytes from and to a pipe: waiting for them ends when the program is told to stop, and a child at the other end is
 * listened to meanwhile.
 *
 * Thread rule: one thread at a time for each. */
#ifndef IRST_EVAL_VIDEO_BYTE_STREAM_H
#define IRST_EVAL_VIDEO_BYTE_STREAM_H

#include "core/base/child.h"
#include "core/base/status.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct byte_reader {
    int descriptor;
    child *speaker;          /* the child at the other end; NULL: none */
    const atomic_bool *stop; /* set by another thread that wants nothing more; NULL: none */
    size_t at, end;          /* what was read ahead */
    uint8_t ahead[1 << 16];
} byte_reader;

/* Reads `count` bytes; fewer only where the stream ends, which is no failure. STATUS_INTERRUPTED when SIGINT or SIGTERM
 * came or `stop` is set, STATUS_INPUT with the system's reason if it cannot be read. */
status byte_reader_read(byte_reader *r, void *out, size_t count, size_t *got);

/* Waits for the next byte, which stays to be read; false at the end. Fails as byte_reader_read. */
status byte_reader_has_more(byte_reader *r, bool *out);

/* Reads a line of at most `size` - 1 bytes into a text, without its end. *length is -1 if it is longer, or if the
 * stream ends in it. */
status byte_reader_line(byte_reader *r, char *out, size_t size, int *length);

/* Writes all of it. When SIGINT or SIGTERM came the reader has two more seconds to take it, else STATUS_INTERRUPTED.
 * STATUS_OUTPUT with the system's reason in the message otherwise; *gone says whether nobody reads any more. SIGPIPE
 * must be ignored. */
status byte_stream_write(int descriptor, child *speaker, const void *data, size_t count, bool *gone);

#endif
