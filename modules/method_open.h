/* A method without parameters, by its name.
 *
 * Thread rule: any thread at any time; what it makes is as detector.h says. */
#ifndef IRST_MODULES_METHOD_OPEN_H
#define IRST_MODULES_METHOD_OPEN_H

#include "core/base/engine.h"
#include "core/base/status.h"
#include "modules/detector.h"

/* Creates the method with `count` settings "model.KEY=VALUE". In messages `option` says where its name stands,
 * "--method", and `instead` what a network takes, "--checkpoint FILE.h5". STATUS_USAGE for a network, which needs a
 * checkpoint, for an unknown name, key or value. Free with detector_free. */
status method_open(engine *e, const char *method, const char *const *settings, int count, const char *option,
                   const char *instead, detector **out);

#endif
