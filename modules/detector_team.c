#include "modules/detector_team.h"

#include <assert.h>
#include <stdlib.h>

typedef struct twin {
    engine *engine;
    detector *detector;
} twin;

struct detector_team {
    detector *original;
    int count;
    twin twins[];
};

status detector_team_new(detector *d, int twins, detector_team **out) {
    detector_team *team = *out = calloc(1, sizeof *team + (size_t)twins * sizeof *team->twins);
    if (!team)
        return status_fail(STATUS_MEMORY, "out of memory for %d detectors", twins);
    team->original = d;
    team->count = twins;
    return STATUS_OK;
}

void detector_team_free(detector_team *team) {
    if (!team)
        return;
    for (int i = 0; i < team->count; i++) {
        detector_free(team->twins[i].detector);
        engine_free(team->twins[i].engine);
    }
    free(team);
}

status detector_team_member(detector_team *team, int number, detector **out) {
    assert(number >= 0 && number <= team->count);
    *out = team->original;
    if (number == team->count)
        return STATUS_OK;
    twin *t = &team->twins[number];
    if (!t->engine)
        TRY(engine_new(1, &t->engine));
    if (!t->detector)
        TRY(detector_new_twin(team->original, t->engine, &t->detector));
    *out = t->detector;
    return STATUS_OK;
}
