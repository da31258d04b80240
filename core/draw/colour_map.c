/* The maps are paths through Ottosson's Oklab space, where equal steps look equal: the lightness of the heat map grows
 * evenly, so that it reads well in print and for the colour-blind too. Chroma stays inside what a screen can show. */
#include "core/draw/colour_map.h"

#include <math.h>

/* One colour: lightness in [0, 1], chroma, hue in degrees. */
typedef struct lightness_chroma_hue {
    double lightness, chroma, hue;
} lightness_chroma_hue;

static lightness_chroma_hue heat(double t) {
    return (lightness_chroma_hue){0.08 + 0.9 * t, 0.62 * t * (1 - t) + 0.055 * t, 280 + 190 * t};
}

static lightness_chroma_hue diverging(double t) {
    double away = fabs(2 * t - 1);
    return (lightness_chroma_hue){0.97 - 0.5 * away, 0.125 * away * (1.6 - 0.6 * away), t < 0.5 ? 252 : 28};
}

/* A linear intensity as the byte that sRGB stores for it. */
static unsigned byte_of(double linear) {
    double value = linear <= 0.0031308 ? 12.92 * linear : 1.055 * pow(linear, 1 / 2.4) - 0.055;
    return (unsigned)lrint(255 * fmin(fmax(value, 0), 1));
}

static double cube(double x) {
    return x * x * x;
}

static unsigned srgb_of(lightness_chroma_hue c) {
    double a = c.chroma * cos(c.hue * M_PI / 180), b = c.chroma * sin(c.hue * M_PI / 180);
    double l = cube(c.lightness + 0.3963377774 * a + 0.2158037573 * b); /* responses of the eye's three cones */
    double m = cube(c.lightness - 0.1055613458 * a - 0.0638541728 * b);
    double s = cube(c.lightness - 0.0894841775 * a - 1.2914855480 * b);
    unsigned red = byte_of(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s);
    unsigned green = byte_of(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s);
    unsigned blue = byte_of(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s);
    return red << 16 | green << 8 | blue;
}

unsigned colour_map_at(colour_map map, double value) {
    double t = fmin(fmax(value, 0), 1); /* fmax takes NaN for 0 */
    if (map == COLOUR_HEAT)
        return srgb_of(heat(t));
    if (map == COLOUR_DIVERGING)
        return srgb_of(diverging(t));
    return (unsigned)lrint(255 * t) * 0x010101u;
}
