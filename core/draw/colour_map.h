/* Colours for numbers in [0, 1].
 *
 * Thread rule: any thread at any time. */
#ifndef IRST_CORE_DRAW_COLOUR_MAP_H
#define IRST_CORE_DRAW_COLOUR_MAP_H

typedef enum colour_map {
    COLOUR_GREY,     /* black to white, as an image is shown */
    COLOUR_HEAT,     /* black over violet, red and orange to pale yellow: scores */
    COLOUR_DIVERGING /* blue over white (0.5) to red: signed maps */
} colour_map;

/* 0xRRGGBB. A value outside of [0, 1] has the colour of the nearer end; NaN has that of 0. */
unsigned colour_map_at(colour_map map, double value);

#endif
