#include "core/base/child.h"

#include "core/base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* The descriptors of the child, and the pipe that says why it could not be run: it closes by itself when it is. */
enum { INPUT, OUTPUT, ERROR, NOTES, OUTCOME, PIPES };

typedef struct pipe_ends {
    int ours[PIPES], theirs[PIPES];
} pipe_ends;

static void close_all(const int descriptors[PIPES]) {
    for (int i = 0; i < PIPES; i++)
        if (descriptors[i] >= 0)
            close(descriptors[i]);
}

static bool open_pipes(int wanted, pipe_ends *p) {
    const bool has[PIPES] = {wanted & CHILD_INPUT, wanted & CHILD_OUTPUT, true, wanted & CHILD_NOTES, true};
    memset(p, -1, sizeof *p);
    for (int i = 0; i < PIPES; i++) {
        int ends[2];
        if (!has[i])
            continue;
        if (pipe2(ends, O_CLOEXEC) != 0)
            return false;
        p->ours[i] = ends[i == INPUT];
        p->theirs[i] = ends[i != INPUT];
    }
    return true;
}

/* The child's side of the fork. Its ends are moved out of the way first: one of them may be in another's place. */
_Noreturn static void become(const char *const *argv, pipe_ends *p, pid_t parent) {
    sigset_t none;
    sigemptyset(&none);
    setpgid(0, 0);
    if (p->theirs[INPUT] < 0)
        prctl(PR_SET_PDEATHSIG, SIGTERM);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int i = 0; i < PIPES; i++)
        if (p->theirs[i] >= 0 || i < ERROR)
            p->theirs[i] = fcntl(p->theirs[i] >= 0 ? p->theirs[i] : nothing, F_DUPFD_CLOEXEC, PIPES);
    bool good = getppid() == parent;
    for (int i = 0; i <= NOTES && good; i++)
        good = p->theirs[i] < 0 || dup2(p->theirs[i], i) >= 0;
    if (good) {
        sigprocmask(SIG_SETMASK, &none, NULL);
        execvp(argv[0], (char *const *)argv);
    }
    int reason = errno;
    ssize_t told = write(p->theirs[OUTCOME], &reason, sizeof reason);
    _exit(told == sizeof reason ? 127 : 126);
}

/* The error that kept it from running, 0 if it runs. */
static int outcome_of(int descriptor) {
    int reason = 0;
    ssize_t got;
    do
        got = read(descriptor, &reason, sizeof reason);
    while (got < 0 && errno == EINTR);
    return got == sizeof reason ? reason : 0;
}

/* Much room, as far as the system gives it, so that frames of a video do not go back and forth in small pieces. */
static void make_room(int descriptor) {
    enum { ROOM = 1 << 20 };
    if (descriptor >= 0)
        fcntl(descriptor, F_SETPIPE_SZ, ROOM);
}

static void no_waiting(int descriptor) {
    if (descriptor >= 0)
        fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
}

status child_start(const char *const *argv, int pipes, child *out, bool *missing) {
    pipe_ends p;
    *out = (child){.input = -1, .output = -1, .notes = -1, .error = -1};
    *missing = false;
    bool opened = open_pipes(pipes, &p);
    pid_t parent = getpid();
    out->process = opened ? fork() : -1;
    if (out->process == 0)
        become(argv, &p, parent);
    int reason = out->process < 0 ? errno : 0;
    close_all(p.theirs);
    if (reason == 0)
        reason = outcome_of(p.ours[OUTCOME]);
    if (reason != 0) {
        if (out->process > 0)
            waitpid(out->process, NULL, 0);
        close_all(p.ours);
        *out = (child){0};
        *missing = reason == ENOENT;
        return status_fail(STATUS_INPUT, "%s: cannot be run: %s", argv[0], strerror(reason));
    }
    close(p.ours[OUTCOME]);
    out->input = p.ours[INPUT];
    out->output = p.ours[OUTPUT];
    out->notes = p.ours[NOTES];
    out->error = p.ours[ERROR];
    make_room(out->input);
    make_room(out->output);
    no_waiting(out->input);
    no_waiting(out->notes);
    no_waiting(out->error);
    return STATUS_OK;
}

void child_listen(child *c) {
    char piece[512];
    ssize_t got;
    while (c->error >= 0 && (got = read(c->error, piece, sizeof piece)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return; /* nothing more for now */
        size_t count = (size_t)got, room = sizeof c->said - 1 - c->length;
        if (count > room) {
            memmove(c->said, c->said + (count - room), c->length - (count - room));
            c->length -= count - room;
        }
        memcpy(c->said + c->length, piece, count);
        c->length += count;
        c->said[c->length] = '\0';
    }
}

const char *child_last_words(child *c) {
    while (c->length > 0 && strchr("\r\n ", c->said[c->length - 1]))
        c->said[--c->length] = '\0';
    const char *line = strrchr(c->said, '\n');
    line = line ? line + 1 : c->said;
    const char *after = line[0] == '[' ? strstr(line, "] ") : NULL;
    return after ? after + 2 : line;
}

static void close_end(int *descriptor) {
    if (*descriptor >= 0)
        close(*descriptor);
    *descriptor = -1;
}

/* Listening all the while: it may have much to say before it ends. */
int child_end(child *c, double patience) {
    enum { STEP = 5, GRACE = 2 };
    int state = 0, signals = 0;
    if (c->process == 0)
        return 0;
    close_end(&c->input);
    close_end(&c->output);
    close_end(&c->notes);
    double limit = clock_seconds() + patience;
    while (waitpid(c->process, &state, WNOHANG) == 0) {
        if (clock_seconds() >= limit) {
            kill(c->process, signals++ == 0 ? SIGTERM : SIGKILL);
            limit = clock_seconds() + GRACE;
        }
        poll(NULL, 0, STEP);
        child_listen(c);
    }
    child_listen(c);
    close_end(&c->error);
    c->process = 0;
    return WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
}
