#include "core/base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t received;
static volatile pid_t children[PROCESS_MOST]; /* 0: a free place */
static struct sigaction before_int, before_term;

static void on_signal(int number) {
    int reason = errno;
    received = number;
    for (int i = 0; i < PROCESS_MOST; i++)
        if (children[i] > 0)
            kill(children[i], number);
    errno = reason;
}

/* The folder of the running program's file. */
static status process_folder(char out[4096]) {
    ssize_t length = readlink("/proc/self/exe", out, 4095);
    if (length < 0)
        return status_fail(STATUS_INPUT, "/proc/self/exe: cannot be read: %s", strerror(errno));
    out[length] = '\0';
    *strrchr(out, '/') = '\0';
    return STATUS_OK;
}

const char *process_prefix(void) {
    static const char prefix[] = "irst-";
    return strncmp(program_invocation_short_name, prefix, sizeof prefix - 1) == 0 ? prefix : "";
}

static status beside(const char *middle, const char *name, char out[4096]) {
    char folder[4096];
    TRY(process_folder(folder));
    int length = snprintf(out, 4096, "%s/%s%s", folder, middle, name);
    return length < 4096 ? STATUS_OK : status_fail(STATUS_INPUT, "%s: the path is too long", name);
}

status process_sibling(const char *name, char out[4096]) {
    return beside(process_prefix(), name, out);
}

status process_shared_file(const char *name, char out[4096]) {
    TRY(beside("../share/irst/", name, out));
    return access(out, F_OK) == 0 ? STATUS_OK : beside("../", name, out);
}

void process_begin_signals(void) {
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, &before_int);
    sigaction(SIGTERM, &action, &before_term);
    signal(SIGCHLD, SIG_DFL); /* whoever started us may have had it ignored: then no exit code could be had */
}

void process_end_signals(void) {
    sigaction(SIGINT, &before_int, NULL);
    sigaction(SIGTERM, &before_term, NULL);
}

int process_signal(void) {
    return received;
}

status process_check_signals(void) {
    return received ? status_fail(STATUS_INTERRUPTED, "interrupted") : STATUS_OK;
}

/* While the signals are held back the list of children and what runs agree. */
static sigset_t hold_signals(void) {
    sigset_t both, old;
    sigemptyset(&both);
    sigaddset(&both, SIGINT);
    sigaddset(&both, SIGTERM);
    sigprocmask(SIG_BLOCK, &both, &old);
    return old;
}

/* The child's side of the fork: becomes the program, or writes why not to the log. */
_Noreturn static void become(const char *const *argv, int log, pid_t parent, const sigset_t *mask) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    if (dup2(log, STDOUT_FILENO) >= 0 && dup2(log, STDERR_FILENO) >= 0 && getppid() == parent) {
        sigprocmask(SIG_SETMASK, mask, NULL);
        execv(argv[0], (char *const *)argv);
        dprintf(STDERR_FILENO, "%s: cannot be run: %s\n", argv[0], strerror(errno));
    }
    _exit(127);
}

static int free_place(void) {
    int place = 0;
    while (place < PROCESS_MOST && children[place] > 0)
        place++;
    return place;
}

status process_start(const char *const *argv, const char *log, pid_t *out) {
    int place = free_place(), file = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (file < 0)
        return status_fail(STATUS_OUTPUT, "%s: cannot be written: %s", log, strerror(errno));
    pid_t parent = getpid();
    sigset_t old = hold_signals();
    *out = place < PROCESS_MOST ? fork() : -1;
    if (*out == 0)
        become(argv, file, parent, &old);
    if (*out > 0)
        children[place] = *out;
    int reason = place < PROCESS_MOST ? errno : EAGAIN;
    sigprocmask(SIG_SETMASK, &old, NULL);
    close(file);
    if (*out > 0 && received)
        kill(*out, received); /* it came before the child was in the list */
    return *out > 0 ? STATUS_OK : status_fail(STATUS_MEMORY, "%s: cannot be started: %s", argv[0], strerror(reason));
}

status process_wait(pid_t *which, int *exit_code) {
    int state;
    do
        *which = waitpid(-1, &state, 0);
    while (*which < 0 && errno == EINTR);
    if (*which < 0)
        return status_fail(STATUS_INPUT, "no process to wait for: %s", strerror(errno));
    for (int i = 0; i < PROCESS_MOST; i++)
        if (children[i] == *which)
            children[i] = 0;
    *exit_code = WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
    return STATUS_OK;
}
