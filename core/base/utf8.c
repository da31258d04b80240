#include "core/base/utf8.h"

#include <string.h>

/* As the first byte says; 0 if it begins none. */
static int stated_length(unsigned char first) {
    return first < 0x80 ? 1 : first >> 5 == 6 ? 2 : first >> 4 == 14 ? 3 : first >> 3 == 30 ? 4 : 0;
}

int utf8_length(const char *text) {
    static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000}; /* shorter codes are another way to write others */
    const unsigned char *bytes = (const unsigned char *)text;
    int length = stated_length(bytes[0]);
    if (length < 2)
        return length;
    unsigned code = bytes[0] & (0xffu >> (length + 1));
    for (int i = 1; i < length; i++) {
        if (bytes[i] >> 6 != 2)
            return 0;
        code = code << 6 | (bytes[i] & 0x3fu);
    }
    bool is_surrogate = code >= 0xd800 && code <= 0xdfff;
    return code < least[length] || code > 0x10ffff || is_surrogate ? 0 : length;
}

bool utf8_is_valid(const char *text) {
    int length = 1;
    while (*text && (length = utf8_length(text)) > 0)
        text += length;
    return length > 0;
}

int utf8_cut(const char *text, int most) {
    int used = 0;
    while (text[used]) {
        int length = utf8_length(text + used);
        length = length > 0 ? length : 1;
        if (length > most - used)
            break;
        used += length;
    }
    return used;
}

/* Whether the text ends within its first character. */
static bool is_cut(const char *text) {
    size_t length = strlen(text);
    bool is_short = length < (size_t)stated_length((unsigned char)text[0]);
    for (size_t i = 1; i < length && is_short; i++)
        is_short = (unsigned char)text[i] >> 6 == 2;
    return is_short;
}

void utf8_copy(char *out, size_t size, const char *text) {
    size_t used = 0;
    while (*text) {
        int length = utf8_length(text);
        if (length == 0 && is_cut(text))
            break;
        const char *character = length > 0 ? text : UTF8_REPLACEMENT;
        size_t bytes = length > 0 ? (size_t)length : strlen(UTF8_REPLACEMENT);
        if (used + bytes >= size)
            break;
        memcpy(out + used, character, bytes);
        used += bytes;
        text += length > 0 ? length : 1;
    }
    out[used] = '\0';
}
