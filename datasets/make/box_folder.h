/* Annotations that are a folder with one file for each image.
 *
 * Thread rule: one thread at a time for each source; different ones at once. */
#ifndef IRST_DATASETS_MAKE_BOXES_BOX_FOLDER_H
#define IRST_DATASETS_MAKE_BOXES_BOX_FOLDER_H

#include "datasets/make/box_format.h"

#include <stddef.h>

/* Whether `path` is a folder with a file that ends so, in any case. */
bool box_folder_has(const char *path, const char *ending);

/* Opens the files that end so, in any case: they name images, all but classes.txt, which tools write beside labels. */
status box_folder_open(const char *path, const char *ending, const box_format *format, box_source **out);
void box_folder_close(box_source *s);

/* Whether there is a file for the image of that stem: of the same name, or of that in another case; as box_format.has.
 */
bool box_folder_holds(const box_source *s, const char *name, const char *stem);

/* Its text, of at most 16 MiB, with a zero after its end, freed by the caller; and its path, for messages. STATUS_INPUT
 * if two files could be meant. */
status box_folder_read(const box_source *s, const char *stem, char path[4096], char **text, size_t *size);

#endif
