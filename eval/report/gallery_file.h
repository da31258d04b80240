/* The beginning of a gallery in an HDF5 file, so that an evaluation that is not repeated can still be shown.
 *
 * Thread rule: one thread at a time for each gallery; different ones at once. */
#ifndef IRST_EVAL_REPORT_GALLERY_FILE_H
#define IRST_EVAL_REPORT_GALLERY_FILE_H

#include "eval/report/gallery.h"

/* Writes the first `marks` misses and false alarms and the first `scenes` chosen images, atomically. */
status gallery_file_write(const gallery *g, int scenes, int marks, const char *path);

/* Reads them as a gallery that holds nothing else. A file of something else is STATUS_INPUT. Free with gallery_free. */
status gallery_file_read(const char *path, gallery **out);

#endif
