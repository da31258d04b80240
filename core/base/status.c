#include "core/base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char message[1024];

status(status_fail)(status code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return code;
}

/* Appends as much as fits. */
static void append(const char *text) {
    size_t used = strlen(message), length = strlen(text), room = sizeof message - 1 - used;
    length = length < room ? length : room;
    memcpy(message + used, text, length);
    message[used + length] = 0;
}

status(status_prefix)(status code, const char *format, ...) {
    char old[sizeof message];
    memcpy(old, message, sizeof message);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    append(": ");
    append(old);
    return code;
}

const char *status_message(void) {
    return message;
}

int status_exit_code(status code) {
    switch (code) {
    case STATUS_OK:
        return 0;
    case STATUS_USAGE:
        return 2;
    case STATUS_INTERRUPTED:
        return 130;
    default:
        return 1;
    }
}
