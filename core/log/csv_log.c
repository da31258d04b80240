#include "core/log/csv_log.h"

#include "core/io/file_io.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_SIZE 8192 /* for reading: the longest row written is far shorter */
#define MOST_COLUMNS 128

struct csv_log {
    char *path;
    FILE *file; /* open for appending */
    int column_count;
    int row_count, capacity;
    double *columns[MOST_COLUMNS];
};

void csv_log_close(csv_log *log) {
    if (log == NULL)
        return;
    if (log->file)
        fclose(log->file); /* each row was flushed: nothing can fail any more */
    for (int i = 0; i < log->column_count; i++)
        free(log->columns[i]);
    free(log->path);
    free(log);
}

static status log_new(const char *path, int column_count, csv_log **out) {
    assert(column_count > 0 && column_count <= MOST_COLUMNS);
    csv_log *log = calloc(1, sizeof *log);
    char *copy = strdup(path);
    *out = log;
    if (log == NULL || copy == NULL) {
        free(log);
        free(copy);
        *out = NULL;
        return status_fail(STATUS_MEMORY, "%s: out of memory", path);
    }
    log->path = copy;
    log->column_count = column_count;
    return STATUS_OK;
}

static status remember_row(csv_log *log, const double *values) {
    if (log->row_count == log->capacity) {
        if (log->capacity > INT_MAX / 2)
            return status_fail(STATUS_INPUT, "%s: has too many rows", log->path);
        int capacity = log->capacity ? 2 * log->capacity : 64;
        for (int i = 0; i < log->column_count; i++) {
            double *column = realloc(log->columns[i], (size_t)capacity * sizeof *column);
            if (column == NULL)
                return status_fail(STATUS_MEMORY, "%s: out of memory", log->path);
            log->columns[i] = column;
        }
        log->capacity = capacity;
    }
    for (int i = 0; i < log->column_count; i++)
        log->columns[i][log->row_count] = values[i];
    log->row_count++;
    return STATUS_OK;
}

/* --- reading an existing file --- */

/* Cuts the first cell off a line. NULL at the end of the line. */
static char *next_cell(char **rest) {
    return *rest ? strsep(rest, ",") : NULL;
}

static status check_header(const char *path, char *line, const char *const *columns, int column_count) {
    char *rest = line;
    for (int i = 0; i <= column_count; i++) {
        const char *found = next_cell(&rest), *expected = i < column_count ? columns[i] : NULL;
        if (found == NULL && expected == NULL)
            return STATUS_OK;
        if (found == NULL || expected == NULL || strcmp(found, expected) != 0)
            return status_fail(STATUS_INPUT, "%s:1: column %d is %.60s; expected %.60s", path, i + 1,
                               found ? found : "missing", expected ? expected : "no more columns");
    }
    return STATUS_OK;
}

static bool parse_cell(const char *cell, bool integer, double *out) {
    char *end;
    if (*cell == '\0' && !integer) {
        *out = NAN;
        return true;
    }
    *out = strtod(cell, &end);
    return end != cell && *end == '\0' && (!integer || (isfinite(*out) && *out == floor(*out)));
}

static status parse_row(const csv_log *log, int number, char *line, double *values) {
    char *rest = line;
    for (int i = 0; i < log->column_count; i++) {
        const char *cell = next_cell(&rest);
        if (cell == NULL)
            return status_fail(STATUS_INPUT, "%s:%d: %d cells; expected %d", log->path, number, i, log->column_count);
        if (!parse_cell(cell, i == 0, &values[i]))
            return status_fail(STATUS_INPUT, "%s:%d: cell %d is %.60s; expected %s", log->path, number, i + 1, cell,
                               i == 0 ? "an integer" : "a number or nothing");
    }
    return rest ? status_fail(STATUS_INPUT, "%s:%d: more than %d cells", log->path, number, log->column_count)
                : STATUS_OK;
}

/* Reads the rows up to step `last`; their text and the header's go to `kept`. */
static status read_rows(csv_log *log, FILE *file, const char *const *columns, int64_t last, FILE *kept) {
    char line[LINE_SIZE], copy[LINE_SIZE];
    double values[MOST_COLUMNS];
    for (int number = 1; fgets(line, sizeof line, file); number++) {
        size_t length = strlen(line);
        bool whole = length > 0 && line[length - 1] == '\n';
        if (!whole && number > 1 && feof(file))
            return STATUS_OK; /* the crash that ended the run cut this row off */
        if (!whole)
            return status_fail(STATUS_INPUT, "%s:%d: not a line of a table of numbers", log->path, number);
        memcpy(copy, line, length + 1);
        line[strcspn(line, "\r\n")] = '\0';
        if (number == 1) {
            TRY(check_header(log->path, line, columns, log->column_count));
        } else {
            TRY(parse_row(log, number, line, values));
            if (values[0] > (double)last)
                continue;
            TRY(remember_row(log, values));
        }
        if (fputs(copy, kept) == EOF)
            return status_fail(STATUS_MEMORY, "%s: out of memory", log->path);
    }
    return ferror(file) ? status_fail(STATUS_INPUT, "%s: cannot be read: %s", log->path, strerror(errno)) : STATUS_OK;
}

/* Reads what the file holds and puts a shortened file in its place if rows were dropped. */
static status take_over(csv_log *log, FILE *file, const char *const *columns, int64_t last) {
    char *text = NULL;
    size_t size = 0;
    FILE *kept = open_memstream(&text, &size);
    if (kept == NULL)
        return status_fail(STATUS_MEMORY, "%s: out of memory", log->path);
    status result = read_rows(log, file, columns, last, kept);
    if (fclose(kept) != 0 && result == STATUS_OK)
        result = status_fail(STATUS_MEMORY, "%s: out of memory", log->path);
    if (result == STATUS_OK && (fseek(file, 0, SEEK_END) != 0 || ftell(file) != (long)size))
        result = file_write(log->path, text, size);
    free(text);
    return result;
}

/* --- writing --- */

static status open_for_appending(csv_log *log) {
    log->file = fopen(log->path, "a");
    return log->file ? STATUS_OK : status_fail(STATUS_OUTPUT, "%s: cannot be written: %s", log->path, strerror(errno));
}

static status write_header(const char *path, const char *const *columns, int column_count) {
    char line[LINE_SIZE];
    size_t used = 0;
    for (int i = 0; i < column_count; i++) {
        assert(strpbrk(columns[i], ",\"\r\n") == NULL);
        int length = snprintf(line + used, sizeof line - used, "%s%c", columns[i], i + 1 < column_count ? ',' : '\n');
        used += (size_t)length;
        assert(used < sizeof line);
    }
    return file_write(path, line, used);
}

/* *exists: there was something to take over. Power that goes before the header is on disk leaves an empty file, which
 * counts as none. */
static status resume_file(csv_log *log, const char *const *columns, int64_t last, bool *exists) {
    FILE *old = fopen(log->path, "r");
    if (!old && errno != ENOENT)
        return status_fail(STATUS_INPUT, "%s: cannot be opened: %s", log->path, strerror(errno));
    int first = old ? getc(old) : EOF;
    *exists = first != EOF || (old && ferror(old));
    status result = STATUS_OK;
    if (*exists) {
        ungetc(first, old);
        result = take_over(log, old, columns, last);
    }
    if (old)
        fclose(old);
    return result;
}

static status begin(csv_log *log, const char *const *columns, bool resume, int64_t last) {
    bool exists = false;
    if (resume)
        TRY(resume_file(log, columns, last, &exists));
    if (!exists)
        TRY(write_header(log->path, columns, log->column_count));
    return open_for_appending(log);
}

static status new_and_begin(const char *path, const char *const *columns, int column_count, bool resume, int64_t last,
                            csv_log **out) {
    TRY(log_new(path, column_count, out));
    status result = begin(*out, columns, resume, last);
    if (result != STATUS_OK) {
        csv_log_close(*out);
        *out = NULL;
    }
    return result;
}

status csv_log_create(const char *path, const char *const *columns, int column_count, csv_log **out) {
    return new_and_begin(path, columns, column_count, false, 0, out);
}

status csv_log_resume(const char *path, const char *const *columns, int column_count, int64_t last, csv_log **out) {
    return new_and_begin(path, columns, column_count, true, last, out);
}

status csv_log_row(csv_log *log, const double *values) {
    assert(values[0] == floor(values[0]) && fabs(values[0]) < 0x1p53);
    TRY(remember_row(log, values));
    fprintf(log->file, "%lld", (long long)values[0]);
    for (int i = 1; i < log->column_count; i++) {
        if (isnan(values[i]))
            fputc(',', log->file);
        else
            fprintf(log->file, ",%.9g", values[i]);
    }
    fputc('\n', log->file);
    if (fflush(log->file) != 0 || ferror(log->file))
        return status_fail(STATUS_OUTPUT, "%s: cannot be written: %s", log->path, strerror(errno));
    return STATUS_OK;
}

int csv_log_row_count(const csv_log *log) {
    return log->row_count;
}

const double *csv_log_column(const csv_log *log, int column) {
    assert(column >= 0 && column < log->column_count);
    return log->columns[column];
}
