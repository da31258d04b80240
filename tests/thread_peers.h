/* Peers (core/base/peers.h) that are threads of the test program: so that sanitizers see all of them. */
#ifndef IRST_TESTS_THREAD_PEERS_H
#define IRST_TESTS_THREAD_PEERS_H

#include "core/base/peers.h"

/* Calls body(context, peers) on `count` threads at once. Returns what it returned on all of them, with rank 0's
 * message. */
status thread_peers_run(int count, status (*body)(void *context, peers *p), void *context);

#endif
