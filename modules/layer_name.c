#include "modules/layer_name.h"

#include <stdarg.h>
#include <stdio.h>

layer_name layer_named(const char *format, ...) {
    layer_name out;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(out.text, sizeof out.text, format, arguments);
    va_end(arguments);
    return out;
}
