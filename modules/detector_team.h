/* A detector and its twins, each with one thread of its own: for many small images, which several threads compute
 * sooner one by one than together.
 *
 * Thread rule: several threads may ask for different members at once; all else is one thread's. */
#ifndef IRST_MODULES_DETECTOR_TEAM_H
#define IRST_MODULES_DETECTOR_TEAM_H

#include "modules/detector.h"

typedef struct detector_team detector_team;

/* `d` with up to `twins` twins, which are made when they are first asked for. `d` must outlive the team. Free with
 * detector_team_free. */
status detector_team_new(detector *d, int twins, detector_team **out);
void detector_team_free(detector_team *team); /* accepts NULL */

/* Twin number 0 .. twins - 1, or the detector itself for the number after them. Several threads may ask at once, for
 * different numbers. */
status detector_team_member(detector_team *team, int number, detector **out);

#endif
