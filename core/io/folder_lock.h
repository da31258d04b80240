/* One process at a time in a folder.
 *
 * Thread rule: any thread, on different locks. */
#ifndef IRST_CORE_IO_FOLDER_LOCK_H
#define IRST_CORE_IO_FOLDER_LOCK_H

#include "core/base/status.h"

typedef struct folder_lock {
    char path[4096];
    int descriptor;
} folder_lock;

/* Takes the folder for this process: the file FOLDER/lock says who has it (process, host, since when), and is locked in
 * the system for as long as the process lives, so that what a crash leaves does not block the next one. STATUS_USAGE
 * names the holder if another process has it; a zeroed lock holds nothing. */
status folder_lock_take(const char *folder, folder_lock *out);
void folder_lock_release(folder_lock *lock);

#endif
