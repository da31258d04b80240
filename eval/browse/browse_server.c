#include "eval/browse/browse_server.h"

#include "core/html/page_parts.h"
#include "eval/browse/browse_parts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { TOKEN_BYTES = 16, TOKEN_LENGTH = 2 * TOKEN_BYTES, MOST_CONNECTIONS = 64, IDLE_SECONDS = 60 };

struct browse_server {
    struct MHD_Daemon *daemon;
    const browse_view *view;
    char token[TOKEN_LENGTH + 1];
    char address[128], host[32], host_name[32];
};

/* Nothing but what this server sends itself is loaded, framed or posted to. */
static const char policy[] =
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src "
    "'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/* --- answers --- */

static enum MHD_Result send_response(struct MHD_Connection *c, unsigned code, const char *type,
                                     struct MHD_Response *response) {
    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, "Content-Type", type);
    MHD_add_response_header(response, "Content-Security-Policy", policy);
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    MHD_add_response_header(response, "Referrer-Policy", "no-referrer"); /* the address holds the token */
    MHD_add_response_header(response, "Cross-Origin-Resource-Policy", "same-origin");
    MHD_add_response_header(response, "Cache-Control", "no-store");
    if (code == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, "Allow", "GET");
    enum MHD_Result sent = MHD_queue_response(c, code, response);
    MHD_destroy_response(response);
    return sent;
}

/* `text` outlives the answer. */
static enum MHD_Result send_text(struct MHD_Connection *c, unsigned code, const char *type, const char *text) {
    return send_response(c, code, type,
                         MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_PERSISTENT));
}

static enum MHD_Result refuse(struct MHD_Connection *c, unsigned code, const char *why) {
    return send_text(c, code, "text/plain; charset=utf-8", why);
}

/* Sends what was made, and frees it. */
static enum MHD_Result send_made(struct MHD_Connection *c, const char *type, status made, text_buffer *body) {
    enum MHD_Result sent;
    if (made == STATUS_OK)
        sent = send_response(c, MHD_HTTP_OK, type,
                             MHD_create_response_from_buffer(body->size, body->text, MHD_RESPMEM_MUST_COPY));
    else
        sent = refuse(c, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory\n");
    text_buffer_free(body);
    return sent;
}

/* --- requests --- */

/* What the request says behind '?', if it is a text of the allowed characters; else NULL. */
static const char *read_argument(struct MHD_Connection *c, const char *name, const char *allowed) {
    const char *text = NULL;
    size_t size = 0;
    if (MHD_lookup_connection_value_n(c, MHD_GET_ARGUMENT_KIND, name, strlen(name), &text, &size) != MHD_YES || !text)
        return NULL;
    return size > 0 && strspn(text, allowed) == size && text[size] == '\0' ? text : NULL;
}

static bool read_scene(const browse_server *s, struct MHD_Connection *c, int *scene) {
    const char *text = read_argument(c, "scene", "0123456789");
    if (!text || strlen(text) > 9)
        return false;
    *scene = atoi(text);
    return *scene < browse_view_count(s->view);
}

static bool read_threshold(struct MHD_Connection *c, double *threshold) {
    const char *text = read_argument(c, "threshold", "0123456789+-.eE");
    char *end;
    if (!text)
        return false;
    *threshold = strtod(text, &end);
    return *end == '\0' && isfinite(*threshold);
}

static enum MHD_Result answer_json(const browse_server *s, struct MHD_Connection *c, const char *name) {
    text_buffer body = {0};
    double threshold;
    int scene;
    status made;
    if (strcmp(name, "scenes.json") == 0) {
        made = browse_view_scenes(s->view, &body);
    } else if (!read_threshold(c, &threshold)) {
        return refuse(c, MHD_HTTP_BAD_REQUEST, "expected a threshold\n");
    } else if (strcmp(name, "figures.json") == 0) {
        made = browse_view_figures(s->view, threshold, &body);
    } else if (read_scene(s, c, &scene)) {
        made = browse_view_scene(s->view, scene, threshold, &body);
    } else {
        return refuse(c, MHD_HTTP_NOT_FOUND, "no such scene\n");
    }
    return send_made(c, "application/json", made, &body);
}

static enum MHD_Result answer_picture(const browse_server *s, struct MHD_Connection *c, browse_picture which) {
    text_buffer body = {0};
    double threshold = 0;
    int scene;
    if (!read_scene(s, c, &scene))
        return refuse(c, MHD_HTTP_NOT_FOUND, "no such scene\n");
    if (which == BROWSE_DETECTED && !read_threshold(c, &threshold))
        return refuse(c, MHD_HTTP_BAD_REQUEST, "expected a threshold\n");
    status made = browse_view_picture(s->view, scene, which, threshold, &body);
    return send_made(c, "image/png", made, &body);
}

static enum MHD_Result answer_name(const browse_server *s, struct MHD_Connection *c, const char *name) {
    static const struct {
        const char *name, *type, *text;
    } texts[] = {{"", "text/html; charset=utf-8", browse_html},
                 {"page.css", "text/css; charset=utf-8", page_css},
                 {"browse.css", "text/css; charset=utf-8", browse_css},
                 {"page.js", "text/javascript; charset=utf-8", page_js},
                 {"browse.js", "text/javascript; charset=utf-8", browse_js}};
    static const char *const lists[] = {"scenes.json", "figures.json", "scene.json"};
    static const char *const pictures[] = {[BROWSE_IMAGE] = "image.png",
                                           [BROWSE_LABEL] = "label.png",
                                           [BROWSE_SCORE] = "score.png",
                                           [BROWSE_DETECTED] = "detected.png"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (strcmp(name, texts[i].name) == 0)
            return send_text(c, MHD_HTTP_OK, texts[i].type, texts[i].text);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (strcmp(name, lists[i]) == 0)
            return answer_json(s, c, name);
    for (size_t i = 0; i < sizeof pictures / sizeof *pictures; i++)
        if (strcmp(name, pictures[i]) == 0)
            return answer_picture(s, c, (browse_picture)i);
    return refuse(c, MHD_HTTP_NOT_FOUND, "not found\n");
}

/* --- who may ask --- */

/* Takes as long for any token. */
static bool has_token(const browse_server *s, const char *path) {
    unsigned char differs = 0;
    if (strlen(path) < 1 + TOKEN_LENGTH + 1 || path[0] != '/' || path[1 + TOKEN_LENGTH] != '/')
        return false;
    for (int i = 0; i < TOKEN_LENGTH; i++)
        differs |= (unsigned char)(path[1 + i] ^ s->token[i]);
    return differs == 0;
}

/* A page of another site can have its own name resolve to this address; then it says that name here. */
static bool has_own_host(const browse_server *s, struct MHD_Connection *c) {
    const char *host = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Host");
    return host && (strcmp(host, s->host) == 0 || strcmp(host, s->host_name) == 0);
}

static enum MHD_Result answer(void *context, struct MHD_Connection *c, const char *path, const char *method,
                              const char *version, const char *upload, size_t *upload_size, void **state) {
    static char begun;
    const browse_server *s = context;
    (void)version;
    (void)upload;
    if (!*state) { /* the head of the request alone was read: a body, which nobody wants, may follow */
        *state = &begun;
        return MHD_YES;
    }
    if (*upload_size > 0) {
        *upload_size = 0;
        return MHD_YES;
    }
    if (!has_own_host(s, c))
        return refuse(c, MHD_HTTP_FORBIDDEN, "not here\n");
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0)
        return refuse(c, MHD_HTTP_METHOD_NOT_ALLOWED, "GET only\n");
    return has_token(s, path) ? answer_name(s, c, path + 1 + TOKEN_LENGTH + 1)
                              : refuse(c, MHD_HTTP_NOT_FOUND, "not found\n");
}

/* --- the server --- */

static status draw_token(browse_server *s) {
    unsigned char bytes[TOKEN_BYTES];
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
        return status_fail(STATUS_INPUT, "no random numbers for the address of the page: %s", strerror(errno));
    for (int i = 0; i < TOKEN_BYTES; i++)
        snprintf(s->token + 2 * i, 3, "%02x", bytes[i]);
    return STATUS_OK;
}

/* What the library would print to stderr says nothing that a user could act on. */
static void drop_message(void *context, const char *format, va_list arguments) {
    (void)context;
    (void)format;
    (void)arguments;
}

static status start(browse_server *s, int port) {
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    TRY(draw_token(s));
    errno = 0;
    s->daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ERROR_LOG, (uint16_t)port, NULL, NULL,
                                 answer, s, MHD_OPTION_EXTERNAL_LOGGER, drop_message, NULL, MHD_OPTION_SOCK_ADDR, &here,
                                 MHD_OPTION_CONNECTION_LIMIT, (unsigned)MOST_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
                                 (unsigned)IDLE_SECONDS, MHD_OPTION_END);
    if (!s->daemon)
        return status_fail(STATUS_INPUT, "port %d of 127.0.0.1 cannot be listened on: %s", port,
                           errno ? strerror(errno) : "it is taken, or may not be");
    const union MHD_DaemonInfo *bound = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_BIND_PORT);
    snprintf(s->host, sizeof s->host, "127.0.0.1:%u", bound ? bound->port : (unsigned)port);
    snprintf(s->host_name, sizeof s->host_name, "localhost:%u", bound ? bound->port : (unsigned)port);
    snprintf(s->address, sizeof s->address, "http://%s/%s/", s->host, s->token);
    return STATUS_OK;
}

status browse_server_start(const browse_view *view, int port, browse_server **out) {
    browse_server *s = calloc(1, sizeof *s);
    *out = NULL;
    if (!s)
        return status_fail(STATUS_MEMORY, "out of memory for a server");
    s->view = view;
    status result = start(s, port);
    if (result == STATUS_OK)
        *out = s;
    else
        browse_server_stop(s);
    return result;
}

void browse_server_stop(browse_server *s) {
    if (!s)
        return;
    if (s->daemon)
        MHD_stop_daemon(s->daemon);
    free(s);
}

const char *browse_server_address(const browse_server *s) {
    return s->address;
}
