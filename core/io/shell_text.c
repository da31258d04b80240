#include "core/io/shell_text.h"

void shell_print_quoted(const char *text, FILE *stream) {
    putc('\'', stream);
    for (; *text; text++)
        fputs(*text == '\'' ? "'\\''" : (char[]){*text, '\0'}, stream);
    putc('\'', stream);
}
