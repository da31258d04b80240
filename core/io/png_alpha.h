/* The alpha channel of a PNG, which reading it as grey drops.
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_CORE_IO_PNG_ALPHA_H
#define IRST_CORE_IO_PNG_ALPHA_H

#include <stdbool.h>

/* Whether `path` is a PNG whose alpha channel has more than one value: something is drawn in it. */
bool png_alpha_varies(const char *path);

#endif
