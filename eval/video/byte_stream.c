#include "eval/video/byte_stream.h"

#include "core/base/process.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum { TICK = 100, LAST_TICKS = 20 }; /* milliseconds between two looks at the signals */

/* Whether the descriptor is ready: false after a tick in which it was not. */
static bool wait_a_tick(int descriptor, short what, child *speaker) {
    struct pollfd ends[] = {{descriptor, what, 0}, {speaker ? speaker->error : -1, POLLIN, 0}};
    poll(ends, 2, TICK);
    if (ends[1].revents & POLLIN)
        child_listen(speaker);
    /* At the end of what it says the descriptor is ready for ever, which must not keep us from waiting. */
    if (ends[1].revents && !(ends[1].revents & POLLIN) && !ends[0].revents)
        poll(ends, 1, TICK);
    return ends[0].revents != 0;
}

static status wait_for_bytes(byte_reader *r) {
    for (;;) {
        TRY(process_check_signals());
        if (r->stop && atomic_load(r->stop))
            return status_fail(STATUS_INTERRUPTED, "stopped");
        if (wait_a_tick(r->descriptor, POLLIN, r->speaker))
            return STATUS_OK;
    }
}

static status read_some(byte_reader *r, void *out, size_t count, size_t *got) {
    for (;;) {
        TRY(wait_for_bytes(r));
        ssize_t n = read(r->descriptor, out, count);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n < 0)
            return status_fail(STATUS_INPUT, "cannot be read: %s", strerror(errno));
        *got = (size_t)n;
        return STATUS_OK;
    }
}

status byte_reader_read(byte_reader *r, void *out, size_t count, size_t *got) {
    uint8_t *to = out;
    *got = 0;
    while (*got < count) {
        size_t kept = r->end - r->at, wanted = count - *got, n = kept < wanted ? kept : wanted;
        if (kept == 0 && wanted >= sizeof r->ahead) {
            TRY(read_some(r, to + *got, wanted, &n));
        } else if (kept == 0) {
            r->at = 0;
            TRY(read_some(r, r->ahead, sizeof r->ahead, &r->end));
            n = r->end < wanted ? r->end : wanted;
        }
        if (n == 0)
            break; /* the end */
        if (kept > 0 || wanted < sizeof r->ahead) {
            memcpy(to + *got, r->ahead + r->at, n);
            r->at += n;
        }
        *got += n;
    }
    return STATUS_OK;
}

status byte_reader_has_more(byte_reader *r, bool *out) {
    if (r->at == r->end) {
        r->at = 0;
        TRY(read_some(r, r->ahead, sizeof r->ahead, &r->end));
    }
    *out = r->end > 0;
    return STATUS_OK;
}

status byte_reader_line(byte_reader *r, char *out, size_t size, int *length) {
    size_t used = 0, got;
    *length = -1;
    while (used < size) {
        TRY(byte_reader_read(r, out + used, 1, &got));
        if (got == 0 || out[used] == '\n')
            break;
        used++;
    }
    bool whole = used < size && got == 1;
    out[used < size ? used : size - 1] = '\0';
    if (whole)
        *length = (int)used;
    return STATUS_OK;
}

status byte_stream_write(int descriptor, child *speaker, const void *data, size_t count, bool *gone) {
    const uint8_t *from = data;
    /* Of a pipe that blocks only so much is sure to be taken without waiting. A child's does not. */
    const size_t most = speaker ? count : PIPE_BUF;
    int ticks = 0;
    *gone = false;
    while (count > 0) {
        if (!wait_a_tick(descriptor, POLLOUT, speaker)) {
            if (process_signal() && ++ticks > LAST_TICKS)
                return process_check_signals();
            continue;
        }
        ssize_t n = write(descriptor, from, count < most ? count : most);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n < 0) {
            *gone = errno == EPIPE;
            return status_fail(STATUS_OUTPUT, "cannot be written: %s", strerror(errno));
        }
        from += n;
        count -= (size_t)n;
    }
    return STATUS_OK;
}
