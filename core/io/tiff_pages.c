#include "core/io/tiff_pages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Where this thread found a page last. The next one is mostly what it is asked for next, and a file of thousands is not
 * walked through from its beginning for each. */
static _Thread_local struct {
    struct stat info;
    int page; /* 0: none yet */
    uint64_t offset;
} last;

static bool is_same_file(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* --- what libtiff calls --- */

static int on_error(TIFF *file, void *context, const char *module, const char *format, va_list arguments) {
    tiff_file *t = context;
    (void)file;
    (void)module;
    if (t->message[0] == '\0')
        vsnprintf(t->message, sizeof t->message, format, arguments);
    return 1;
}

static int on_warning(TIFF *file, void *context, const char *module, const char *format, va_list arguments) {
    (void)file;
    (void)context;
    (void)module;
    (void)format;
    (void)arguments; /* unknown tags, mostly: damage that costs pixels is an error */
    return 1;
}

static tmsize_t on_read(thandle_t handle, void *buffer, tmsize_t size) {
    tiff_file *t = handle;
    uint8_t *bytes = buffer;
    ssize_t got = pread(t->descriptor, buffer, (size_t)size, t->position);
    for (ssize_t i = 0; i < got && t->position + i < (int64_t)sizeof t->header; i++)
        bytes[i] = t->header[t->position + i];
    t->position += got > 0 ? got : 0;
    return got;
}

static tmsize_t on_write(thandle_t handle, void *buffer, tmsize_t size) {
    (void)handle;
    (void)buffer;
    (void)size;
    return -1;
}

static toff_t on_seek(thandle_t handle, toff_t offset, int whence) {
    tiff_file *t = handle;
    int64_t from = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? t->position : t->info.st_size;
    if (__builtin_add_overflow(from, (int64_t)offset, &t->position) || t->position < 0) {
        t->position = from;
        return (toff_t)-1;
    }
    return (toff_t)t->position;
}

static toff_t on_size(thandle_t handle) {
    return (toff_t)((tiff_file *)handle)->info.st_size;
}

static int on_close(thandle_t handle) {
    return close(((tiff_file *)handle)->descriptor);
}

/* --- opening --- */

/* Lets the header lead to the directory at `offset`, as if the file began there: libtiff itself would walk to it. */
static void lead_to(tiff_file *t, uint64_t offset) {
    bool is_little = t->header[0] == 'I', is_big_tiff = t->header[is_little ? 2 : 3] == 43;
    int bytes = is_big_tiff ? 8 : 4;
    for (int i = 0; i < bytes; i++)
        t->header[bytes + i] = (uint8_t)(offset >> 8 * (is_little ? i : bytes - 1 - i));
}

static bool open_file(tiff_file *t, int page) {
    t->descriptor = open(t->path, O_RDONLY | O_CLOEXEC);
    if (t->descriptor < 0)
        return false;
    if (fstat(t->descriptor, &t->info) != 0 || pread(t->descriptor, t->header, sizeof t->header, 0) < 0) {
        int reason = errno;
        close(t->descriptor);
        errno = reason;
        return false;
    }
    if (page > 0 && last.page > 0 && last.page <= page && is_same_file(&t->info, &last.info)) {
        lead_to(t, last.offset);
        t->passed = last.page - 1;
    }
    return true;
}

status tiff_file_open(const char *path, int page, tmsize_t largest, tiff_file *t) {
    *t = (tiff_file){.path = path};
    TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
    if (!options)
        return status_fail(STATUS_MEMORY, "%s: out of memory to read it", path);
    TIFFOpenOptionsSetMaxSingleMemAlloc(options, largest);
    TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, t);
    TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, t);
    bool opened = open_file(t, page);
    int reason = errno;
    if (opened)
        t->libtiff = TIFFClientOpenExt(path, "rm", t, on_read, on_write, on_seek, on_close, on_size, NULL, NULL,
                                       options); /* m: not mapped, so that a file that shrinks is no crash */
    TIFFOpenOptionsFree(options);
    if (!opened)
        return status_fail(STATUS_INPUT, "%s: cannot be opened: %s", path, strerror(reason));
    if (t->libtiff)
        return STATUS_OK;
    close(t->descriptor);
    return tiff_file_fail(t, "it cannot be opened");
}

void tiff_file_close(tiff_file *t) {
    TIFFClose(t->libtiff);
}

status tiff_file_fail(const tiff_file *t, const char *what) {
    return status_fail(STATUS_INPUT, "%s: not a readable TIFF: %s", t->path, t->message[0] ? t->message : what);
}

/* --- pages --- */

/* A smaller copy of a page, for display. */
static bool is_thumbnail(TIFF *file) {
    uint32_t type = 0;
    TIFFGetFieldDefaulted(file, TIFFTAG_SUBFILETYPE, &type);
    return type & FILETYPE_REDUCEDIMAGE;
}

static void remember(const tiff_file *t, int page) {
    last.info = t->info;
    last.page = page;
    last.offset = TIFFCurrentDirOffset(t->libtiff);
}

status tiff_file_find(tiff_file *t, int page, int *count) {
    *count = t->passed;
    do {
        *count += !is_thumbnail(t->libtiff);
        if (page && *count == page) {
            remember(t, page);
            return STATUS_OK;
        }
    } while (*count <= TIFF_MOST_PAGES && TIFFReadDirectory(t->libtiff));
    if (t->message[0])
        return tiff_file_fail(t, "");
    if (*count > TIFF_MOST_PAGES)
        return status_fail(STATUS_INPUT, "%s: more than %d images; expected fewer", t->path, TIFF_MOST_PAGES);
    return *count > 0 ? STATUS_OK : tiff_file_fail(t, "no page");
}
