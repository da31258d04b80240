#include "eval/video/latency.h"

#include <math.h>

#define SHORTEST 1e-5 /* seconds */
#define WIDTH 1.02    /* of a class: 1.02^1023 times the shortest are an hour and more */

void latency_add(latency *l, double seconds) {
    double class = seconds > SHORTEST ? ceil(log(seconds / SHORTEST) / log(WIDTH)) : 0;
    l->classes[class < LATENCY_CLASSES ? (int)class : LATENCY_CLASSES - 1]++;
    l->total++;
}

double latency_percentile(const latency *l, double share) {
    int64_t wanted = (int64_t)ceil(share * (double)l->total), seen = 0;
    for (int i = 0; i < LATENCY_CLASSES; i++) {
        seen += l->classes[i];
        if (l->classes[i] > 0 && seen >= wanted)
            return SHORTEST * pow(WIDTH, i);
    }
    return 0;
}
