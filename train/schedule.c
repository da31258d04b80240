#include "train/schedule.h"

#include <math.h>

double schedule_poly(double initial, int64_t step, int64_t total, double power) {
    return initial * pow(1 - (double)step / (double)total, power);
}
