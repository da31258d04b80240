/* Texts in a CSV file.
 *
 * Thread rule: any thread at any time, on different streams. */
#ifndef IRST_CORE_IO_CSV_TEXT_H
#define IRST_CORE_IO_CSV_TEXT_H

#include <stdio.h>

/* Prints one cell of a row: quoted where a comma, a quote or a line break stands in it. */
void csv_text_print(FILE *stream, const char *text);

#endif
