/* Text for shell scripts that the programs write.
 *
 * Thread rule: any thread, on a stream of its own. */
#ifndef IRST_CORE_IO_SHELL_TEXT_H
#define IRST_CORE_IO_SHELL_TEXT_H

#include <stdio.h>

void shell_print_quoted(const char *text, FILE *stream); /* as one word, whatever is in it */

#endif
