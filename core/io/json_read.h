/* JSON of others, read within bounds: jansson takes seventy times the bytes of a text of empty objects.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_CORE_IO_JSON_READ_H
#define IRST_CORE_IO_JSON_READ_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* The values of the largest text, of which jansson takes some 100 bytes each. */
enum { JSON_MOST_VALUES = 1 << 23 };

/* As json_loadb. A text of more than JSON_MOST_VALUES values is refused before any memory is taken: NULL, and `error`
 * says so as it says what is no JSON. */
json_t *json_read(const uint8_t *text, size_t size, size_t flags, json_error_t *error);

#endif
