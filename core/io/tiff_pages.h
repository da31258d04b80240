/* A TIFF file as libtiff reads it, and the way to one of its pages. Smaller copies of pages, for display, are none.
 *
 * Thread rule: any thread at any time, on different structs. Each thread remembers where it found a page last. */
#ifndef IRST_CORE_IO_TIFF_PAGES_H
#define IRST_CORE_IO_TIFF_PAGES_H

#include "core/base/status.h"

#include <stdint.h>
#include <sys/stat.h>
#include <tiffio.h>

enum { TIFF_MOST_PAGES = 1000000 };

typedef struct tiff_file {
    const char *path;
    TIFF *libtiff;
    char message[256]; /* libtiff's first one */
    int descriptor;
    struct stat info;
    int64_t position;
    uint8_t header[16]; /* as libtiff sees it: it may lead to a later page than the file's own does */
    int passed;         /* pages before that one */
} tiff_file;

/* Opens it, nothing to be closed after a failure. `largest` is the most that libtiff may allocate at once, `page` the
 * one that will be looked for, from 1; 0 if they are to be counted. */
status tiff_file_open(const char *path, int page, tmsize_t largest, tiff_file *out);
void tiff_file_close(tiff_file *t);

/* Stands on that page afterwards if there are that many; with 0, counts all. *count receives the pages passed, that one
 * too. More than TIFF_MOST_PAGES are STATUS_INPUT. */
status tiff_file_find(tiff_file *t, int page, int *count);

/* "PATH: not a readable TIFF: ", and what libtiff says or, if it has said nothing, `what`. */
status tiff_file_fail(const tiff_file *t, const char *what);

#endif
