/* Linked into a program with the linker's --wrap, this makes one allocation of the project's own code fail: the Nth, as
 * IRST_FAIL_ALLOCATION=N says, or with IRST_FAIL_ALLOCATION=N- the Nth and all later ones. What libraries allocate for
 * themselves is left alone. IRST_COUNT_ALLOCATIONS=FILE writes there, at the end, how many there were. */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t size);
ssize_t __real_getline(char **line, size_t *capacity, FILE *stream);
FILE *__real_open_memstream(char **text, size_t *size);
FILE *__real_fopen(const char *path, const char *mode);
DIR *__real_opendir(const char *path);
void *__real_mmap(void *address, size_t length, int protection, int flags, int descriptor, off_t offset);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *context);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);
ssize_t __wrap_getline(char **line, size_t *capacity, FILE *stream);
FILE *__wrap_open_memstream(char **text, size_t *size);
FILE *__wrap_fopen(const char *path, const char *mode);
DIR *__wrap_opendir(const char *path);
int __wrap_vasprintf(char **text, const char *format, va_list arguments);
void *__wrap_mmap(void *address, size_t length, int protection, int flags, int descriptor, off_t offset);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *context);

static atomic_long made;
static long failing; /* 0: none */
static bool later_too;
static atomic_bool ended;

/* Where lines are counted (make coverage), what writes the counts is part of the program, and allocates behind this. */
static void end(void) {
    atomic_store(&ended, true);
}

__attribute__((constructor)) static void begin(void) {
    atexit(end);
    const char *text = getenv("IRST_FAIL_ALLOCATION");
    char *behind = NULL;
    if (text) {
        failing = strtol(text, &behind, 10);
        later_too = *behind == '-';
    }
}

__attribute__((destructor)) static void tell(void) {
    const char *path = getenv("IRST_COUNT_ALLOCATIONS");
    FILE *stream = path ? __real_fopen(path, "w") : NULL;
    if (stream) {
        fprintf(stream, "%ld\n", atomic_load(&made));
        fclose(stream);
    }
}

/* Counts one allocation; true if it shall fail. */
static bool fails(void) {
    if (atomic_load(&ended))
        return false;
    long number = atomic_fetch_add(&made, 1) + 1;
    bool hit = failing > 0 && (number == failing || (later_too && number > failing));
    if (hit)
        errno = ENOMEM;
    return hit;
}

void *__wrap_malloc(size_t size) {
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size) {
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size) {
    return fails() ? NULL : __real_realloc(old, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size) {
    return fails() ? NULL : __real_aligned_alloc(alignment, size);
}

char *__wrap_strdup(const char *text) {
    return fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t size) {
    return fails() ? NULL : __real_strndup(text, size);
}

ssize_t __wrap_getline(char **line, size_t *capacity, FILE *stream) {
    return fails() ? -1 : __real_getline(line, capacity, stream);
}

FILE *__wrap_open_memstream(char **text, size_t *size) {
    return fails() ? NULL : __real_open_memstream(text, size);
}

FILE *__wrap_fopen(const char *path, const char *mode) {
    return fails() ? NULL : __real_fopen(path, mode);
}

DIR *__wrap_opendir(const char *path) {
    return fails() ? NULL : __real_opendir(path);
}

/* (The real one, of libc, calls libc's own malloc.) */
int __wrap_vasprintf(char **text, const char *format, va_list arguments) {
    va_list measured;
    va_copy(measured, arguments);
    int length = vsnprintf(NULL, 0, format, measured);
    va_end(measured);
    *text = length < 0 || fails() ? NULL : __real_malloc((size_t)length + 1);
    return *text ? vsnprintf(*text, (size_t)length + 1, format, arguments) : -1;
}

void *__wrap_mmap(void *address, size_t length, int protection, int flags, int descriptor, off_t offset) {
    return fails() ? MAP_FAILED : __real_mmap(address, length, protection, flags, descriptor, offset);
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *context) {
    return fails() ? EAGAIN : __real_pthread_create(thread, attributes, start, context);
}
