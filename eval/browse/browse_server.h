/* The local server behind browse (libmicrohttpd). It answers on 127.0.0.1 alone, to requests whose path begins with a
 * token that is drawn anew each time and whose Host is that address; it knows GET only, and a request names a scene by
 * its number and never a file.
 *
 * Thread rule: one thread starts and stops it; it answers in a thread of its own. */
#ifndef IRST_EVAL_BROWSE_BROWSE_SERVER_H
#define IRST_EVAL_BROWSE_BROWSE_SERVER_H

#include "eval/browse/browse_view.h"

typedef struct browse_server browse_server;

/* Starts a thread that answers, until browse_server_stop. `port` 0: any free one. */
status browse_server_start(const browse_view *view, int port, browse_server **out);
void browse_server_stop(browse_server *server); /* accepts NULL */

/* "http://127.0.0.1:PORT/TOKEN/"; owned by the server. */
const char *browse_server_address(const browse_server *server);

#endif
