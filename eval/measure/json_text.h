/* Names in JSON.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_EVAL_MEASURE_JSON_TEXT_H
#define IRST_EVAL_MEASURE_JSON_TEXT_H

#include <jansson.h>

/* A text, which may be a name of a file: JSON is UTF-8, so U+FFFD stands for bytes that are not. NULL if memory is out.
 */
json_t *json_text(const char *text);

#endif
