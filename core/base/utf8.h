/* Text in UTF-8, where it may hold anything else: names of files are bytes.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_CORE_BASE_UTF8_H
#define IRST_CORE_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

#define UTF8_REPLACEMENT "\xef\xbf\xbd" /* U+FFFD, which stands for what is no character */

/* The bytes of the character that the text begins with, 1 to 4; 0 if it begins with none. */
int utf8_length(const char *text);

bool utf8_is_valid(const char *text);

/* How many of at most `most` bytes of the text are whole characters, or stand in none. */
int utf8_cut(const char *text, int most);

/* Copies the text with U+FFFD for each byte that is in no character; as much as fits, without a part of a character at
 * the end. Three times the text's bytes and one always suffice. */
void utf8_copy(char *out, size_t size, const char *text);

#endif
