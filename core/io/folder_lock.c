#include "core/io/folder_lock.h"

#include "core/io/file_io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static status taken_by_another(const char *folder, int descriptor) {
    char holder[256];
    ssize_t length = pread(descriptor, holder, sizeof holder - 1, 0);
    holder[length > 0 ? length : 0] = '\0';
    holder[strcspn(holder, "\n")] = '\0';
    return status_fail(STATUS_USAGE, "%s is in use by %s", folder, holder[0] ? holder : "another process");
}

/* A holder removes the file before it lets go of it: whether the one that was locked is still there. */
static bool is_at(int descriptor, const char *path) {
    struct stat locked, there;
    return fstat(descriptor, &locked) == 0 && stat(path, &there) == 0 && locked.st_dev == there.st_dev &&
           locked.st_ino == there.st_ino;
}

/* For whoever is refused; that it cannot be written does no harm. */
static void sign(int descriptor) {
    char host[128] = "", since[32] = "";
    time_t now = time(NULL);
    struct tm local;
    gethostname(host, sizeof host - 1);
    if (localtime_r(&now, &local))
        strftime(since, sizeof since, "%Y-%m-%d %H:%M:%S", &local);
    if (ftruncate(descriptor, 0) == 0)
        dprintf(descriptor, "process %ld on %s since %s\n", (long)getpid(), host, since);
}

status folder_lock_take(const char *folder, folder_lock *out) {
    folder_lock lock = {.descriptor = -1};
    *out = (folder_lock){.descriptor = 0};
    TRY(path_join(lock.path, folder, "lock", ""));
    for (;;) {
        lock.descriptor = open(lock.path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (lock.descriptor < 0)
            return status_fail(STATUS_OUTPUT, "%s: cannot be written: %s", lock.path, strerror(errno));
        /* Where the file system has no locks, nothing can be promised. */
        if (flock(lock.descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
            status code = taken_by_another(folder, lock.descriptor);
            close(lock.descriptor);
            return code;
        }
        if (is_at(lock.descriptor, lock.path))
            break;
        close(lock.descriptor);
    }
    sign(lock.descriptor);
    *out = lock;
    return STATUS_OK;
}

void folder_lock_release(folder_lock *lock) {
    if (lock->path[0] == '\0')
        return;
    unlink(lock->path);
    close(lock->descriptor);
    lock->path[0] = '\0';
}
