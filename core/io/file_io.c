#include "core/io/file_io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define PATH_SIZE 4096

void path_folder(const char *path, char out[PATH_SIZE]) {
    const char *slash = strrchr(path, '/');
    if (slash == NULL) {
        strcpy(out, ".");
        return;
    }
    snprintf(out, PATH_SIZE, "%.*s", slash == path ? 1 : (int)(slash - path), path);
}

static status check_replaceable(const char *path) {
    if (strlen(path) >= PATH_SIZE)
        return status_fail(STATUS_OUTPUT, "%.80s...: the path is longer than %d bytes", path, PATH_SIZE - 1);
    struct stat info;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return status_fail(STATUS_OUTPUT, "%s: cannot be written: %s", path,
                           S_ISDIR(info.st_mode) ? "it is a folder" : "it is not a regular file");
    return STATUS_OK;
}

/* The file that is to be replaced: where `path` is a symbolic link, what it leads to, which need not be there yet. */
static status follow_links(const char *path, char out[PATH_SIZE]) {
    enum { MOST_LINKS = 40 }; /* as the system follows */
    char link[PATH_SIZE], folder[PATH_SIZE];
    strcpy(out, path);
    for (int i = 0; i < MOST_LINKS; i++) {
        ssize_t length = readlink(out, link, sizeof link - 1);
        if (length < 0)
            return STATUS_OK;
        link[length] = '\0';
        path_folder(out, folder);
        if (path_join(out, link[0] == '/' ? "" : folder, link, "") != STATUS_OK)
            return status_fail(STATUS_OUTPUT, "%s: its link leads to a path of more than %d bytes", path,
                               PATH_SIZE - 1);
    }
    return status_fail(STATUS_OUTPUT, "%s: cannot be written: %s", path, strerror(ELOOP));
}

/* Of a long name as much as leaves room for the rest, for a name has 255 bytes at most. */
static void name_temporary(atomic_file *file) {
    static atomic_uint calls;
    enum { MOST_OF_NAME = 100 };
    const char *slash = strrchr(file->target, '/'), *name = slash ? slash + 1 : file->target;
    int length = (int)(name - file->target) + (int)strnlen(name, MOST_OF_NAME);
    snprintf(file->temporary, sizeof file->temporary, "%.*s.%ld.%u.tmp", length, file->target, (long)getpid(),
             atomic_fetch_add(&calls, 1));
}

status atomic_file_begin(const char *path, atomic_file *file) {
    file->temporary[0] = '\0';
    TRY(check_replaceable(path));
    strcpy(file->path, path);
    TRY(follow_links(path, file->target));
    for (;;) {
        name_temporary(file);
        int descriptor = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor >= 0) {
            close(descriptor);
            return STATUS_OK;
        }
        /* A process with the same number may have died here before: its file is not ours to touch. */
        if (errno != EEXIST) {
            file->temporary[0] = '\0';
            return status_fail(STATUS_OUTPUT, "%s: cannot be written: %s", path, strerror(errno));
        }
    }
}

static bool flush_to_disk(const char *path, int flags) {
    int descriptor = open(path, flags | O_CLOEXEC);
    if (descriptor < 0)
        return false;
    int result = fsync(descriptor);
    int reason = errno;
    close(descriptor);
    errno = reason;
    /* Some file systems cannot flush a folder and say so with EINVAL: nothing more can be done there. */
    return result == 0 || (reason == EINVAL && (flags & O_DIRECTORY) != 0);
}

/* With errno's reason; the temporary file is gone then. */
static status give_up(atomic_file *file) {
    status code = status_fail(STATUS_OUTPUT, "%s: cannot be written: %s", file->path, strerror(errno));
    atomic_file_abandon(file);
    return code;
}

status atomic_file_place(atomic_file *file) {
    if (rename(file->temporary, file->target) != 0)
        return give_up(file);
    file->temporary[0] = '\0';
    return STATUS_OK;
}

status atomic_file_commit(atomic_file *file) {
    char folder[PATH_SIZE];
    path_folder(file->target, folder);
    if (!flush_to_disk(file->temporary, O_RDONLY))
        return give_up(file);
    TRY(atomic_file_place(file));
    if (!flush_to_disk(folder, O_RDONLY | O_DIRECTORY))
        return status_fail(STATUS_OUTPUT, "%s: its folder cannot be flushed to disk: %s", file->path, strerror(errno));
    return STATUS_OK;
}

void atomic_file_abandon(atomic_file *file) {
    if (file->temporary[0] != '\0')
        unlink(file->temporary);
    file->temporary[0] = '\0';
}

status file_write(const char *path, const void *data, size_t size) {
    atomic_file file;
    TRY(atomic_file_begin(path, &file));
    FILE *stream = fopen(file.temporary, "wb");
    bool written = stream != NULL && (size == 0 || fwrite(data, 1, size, stream) == size);
    int reason = errno;
    if (stream != NULL && fclose(stream) != 0 && written) {
        written = false;
        reason = errno;
    }
    if (!written) {
        atomic_file_abandon(&file);
        return status_fail(STATUS_OUTPUT, "%s: cannot be written: %s", path, strerror(reason));
    }
    return atomic_file_commit(&file);
}

int file_copy_bytes(const char *from, const char *to) {
    char block[65536];
    size_t got = 0;
    FILE *in = fopen(from, "rb"), *out = in ? fopen(to, "wb") : NULL;
    bool good = in && out;
    while (good && (got = fread(block, 1, sizeof block, in)) > 0)
        good = fwrite(block, 1, got, out) == got;
    int reason = good && !ferror(in) ? 0 : errno;
    if (in)
        fclose(in);
    if (out && fclose(out) != 0 && reason == 0)
        reason = errno;
    return reason;
}

status file_copy(const char *from, const char *to) {
    atomic_file file;
    TRY(atomic_file_begin(to, &file));
    int reason = file_copy_bytes(from, file.temporary);
    if (reason == 0)
        return atomic_file_commit(&file);
    atomic_file_abandon(&file);
    return status_fail(STATUS_OUTPUT, "%s: cannot be copied from %s: %s", to, from, strerror(reason));
}

static status read_stream(const char *path, FILE *stream, size_t limit, uint8_t **out, size_t *size) {
    struct stat info;
    if (fstat(fileno(stream), &info) != 0 || !S_ISREG(info.st_mode))
        return status_fail(STATUS_INPUT, "%s: not a regular file", path);
    if ((uint64_t)info.st_size > limit)
        return status_fail(STATUS_INPUT, "%s: %lld bytes; expected at most %zu", path, (long long)info.st_size, limit);
    *size = (size_t)info.st_size;
    *out = malloc(*size + 1);
    if (*out == NULL)
        return status_fail(STATUS_MEMORY, "%s: out of memory for %zu bytes", path, *size);
    if (fread(*out, 1, *size, stream) == *size)
        return STATUS_OK;
    free(*out);
    *out = NULL;
    return status_fail(STATUS_INPUT, "%s: cannot be read: %s", path, ferror(stream) ? strerror(errno) : "it shrank");
}

status file_read(const char *path, size_t limit, uint8_t **out, size_t *size) {
    *out = NULL;
    FILE *stream = fopen(path, "rb");
    if (stream == NULL)
        return status_fail(STATUS_INPUT, "%s: cannot be opened: %s", path, strerror(errno));
    status code = read_stream(path, stream, limit, out, size);
    fclose(stream);
    return code;
}

bool path_is_folder(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

bool path_is_file(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

bool path_is_same(const char *a, const char *b) {
    struct stat one, other;
    return stat(a, &one) == 0 && stat(b, &other) == 0 && one.st_ino == other.st_ino && one.st_dev == other.st_dev;
}

const char *path_fault(const char *path) {
    struct stat info;
    if (stat(path, &info) == 0)
        return "is neither a regular file nor a folder";
    return errno == ENOENT ? "no such file or folder" : strerror(errno);
}

status folder_create(const char *path) {
    char prefix[PATH_SIZE];
    size_t length = strlen(path);
    if (length == 0 || length >= PATH_SIZE)
        return status_fail(STATUS_OUTPUT, "%.80s: the path of a folder has 1 to %d bytes", path, PATH_SIZE - 1);
    for (size_t i = 1; i <= length; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(prefix, path, i);
        prefix[i] = '\0';
        int reason = mkdir(prefix, 0777) == 0 ? 0 : errno; /* to look whether it is there sets errno, too */
        if (reason != 0 && !path_is_folder(prefix))
            return status_fail(STATUS_OUTPUT, "%s: the folder cannot be created: %s", prefix, strerror(reason));
    }
    return STATUS_OK;
}

status folder_create_for(const char *path) {
    char folder[PATH_SIZE];
    if (strlen(path) >= PATH_SIZE)
        return status_fail(STATUS_OUTPUT, "%.80s...: the path is longer than %d bytes", path, PATH_SIZE - 1);
    path_folder(path, folder);
    return folder_create(folder);
}

status folder_flush(const char *folder) {
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool flushed = descriptor >= 0 && syncfs(descriptor) == 0;
    int reason = errno;
    if (descriptor >= 0)
        close(descriptor);
    return flushed ? STATUS_OK
                   : status_fail(STATUS_OUTPUT, "%s: cannot be flushed to disk: %s", folder, strerror(reason));
}

status folder_place(const char *from, const char *to) {
    char parent[PATH_SIZE];
    path_folder(to, parent);
    TRY(folder_flush(from));
    if (rename(from, to) != 0)
        return status_fail(STATUS_OUTPUT, "%s: cannot be put in place of %s: %s", from, to, strerror(errno));
    return flush_to_disk(parent, O_RDONLY | O_DIRECTORY)
               ? STATUS_OK
               : status_fail(STATUS_OUTPUT, "%s: cannot be flushed to disk: %s", parent, strerror(errno));
}

status path_join(char out[4096], const char *folder, const char *name, const char *suffix) {
    size_t length = strlen(folder);
    const char *separator = length == 0 || folder[length - 1] == '/' ? "" : "/";
    int needed = snprintf(out, PATH_SIZE, "%s%s%s%s", folder, separator, name, suffix);
    if (needed < 0 || needed >= PATH_SIZE)
        return status_fail(STATUS_INPUT, "%.80s...: the path is longer than %d bytes", folder, PATH_SIZE - 1);
    return STATUS_OK;
}

bool path_stays_inside(const char *name) {
    if (name[0] == '\0' || name[0] == '/')
        return false;
    for (const char *part = name; part; part = strchr(part, '/')) {
        part += *part == '/';
        if (!strncmp(part, "..", 2) && (part[2] == '/' || part[2] == '\0'))
            return false;
    }
    return true;
}
