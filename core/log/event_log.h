/* Scalars and pictures over time in the format that TensorBoard reads: records framed by length and CRC32C, each
 * holding an Event in protobuf's wire encoding. TensorBoard finds files with "tfevents" in their name.
 *
 * Thread rule: one thread at a time for each log; different ones at once. */
#ifndef IRST_CORE_LOG_EVENT_LOG_H
#define IRST_CORE_LOG_EVENT_LOG_H

#include "core/base/status.h"

#include <stddef.h>
#include <stdint.h>

enum { EVENT_LOG_LONGEST_TAG = 512, EVENT_LOG_LARGEST_PICTURE = 4 << 20 };

typedef struct event_log event_log;

/* A new file; replaces an old one. Free with event_log_close. */
status event_log_create(const char *path, event_log **out);

/* Continues a file after its last whole record of a step up to `last`; everything later is cut off. A missing
 * or empty file is created; one that is no event file is STATUS_INPUT. */
status event_log_resume(const char *path, int64_t last, event_log **out);

void event_log_close(event_log *log); /* accepts NULL */

/* Appends one value of the curve `tag` ("loss/total") and flushes it. */
status event_log_scalar(event_log *log, const char *tag, int64_t step, double value);

/* Appends a picture of width x height pixels, as a whole PNG file of at most EVENT_LOG_LARGEST_PICTURE bytes, to the
 * pictures `tag` and flushes it. */
status event_log_picture(event_log *log, const char *tag, int64_t step, int width, int height, const void *png,
                         size_t size);

/* CRC-32C (Castagnoli) of `size` bytes. */
uint32_t crc32c(const void *data, size_t size);

#endif
