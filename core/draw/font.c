#include "core/draw/font.h"

#ifdef __has_feature
#define HAS_ADDRESS_SANITIZER __has_feature(address_sanitizer)
#elif defined __SANITIZE_ADDRESS__
#define HAS_ADDRESS_SANITIZER 1
#else
#define HAS_ADDRESS_SANITIZER 0
#endif
#if HAS_ADDRESS_SANITIZER
/* Fontconfig keeps its patterns for the life of the process and links them by relative offsets, which the leak
 * check cannot follow. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_options(void);
const char *__lsan_default_suppressions(void) {
    return "leak:libfontconfig.so";
}
const char *__lsan_default_options(void) {
    return "print_suppressions=0";
}
#endif

void font_select(cairo_t *cairo, double size, cairo_font_weight_t weight) {
    cairo_select_font_face(cairo, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL, weight);
    cairo_set_font_size(cairo, size);
}
