#include "core/log/progress.h"

#include "core/base/clock.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define REDRAW_SECONDS 0.1
#define RATE_MEMORY_SECONDS 10.0 /* time constant of the moving average */
#define BAR_WIDTH 24

static int stderr_takes_a_bar(void) {
    const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");
    return isatty(STDERR_FILENO) && (no_color == NULL || *no_color == '\0') &&
           (terminal == NULL || strcmp(terminal, "dumb") != 0);
}

void progress_begin(progress *p, const char *label, const char *unit, int64_t total) {
    double now = clock_seconds();
    *p = (progress){.label = label,
                    .unit = unit,
                    .total = total,
                    .start = now,
                    .last_drawn = now,
                    .left = NAN,
                    .enabled = stderr_takes_a_bar()};
}

void progress_resume(progress *p, int64_t done) {
    p->done = p->done_when_drawn = done;
}

/* The newest interval counts for the share of the time constant that it covers; the first one for all. */
static void update_rate(progress *p, double now) {
    double interval = now - p->last_drawn;
    double newest = (double)(p->done - p->done_when_drawn) / interval;
    double weight = p->rate > 0 ? 1 - exp(-interval / RATE_MEMORY_SECONDS) : 1;
    p->rate += weight * (newest - p->rate);
    p->last_drawn = now;
    p->done_when_drawn = p->done;
}

static int terminal_width(void) {
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

static void draw(const progress *p, const char *note) {
    char bar[BAR_WIDTH + 1], left[32] = "", line[512];
    double fraction = p->total > 0 ? (double)p->done / (double)p->total : 0;
    for (int i = 0; i < BAR_WIDTH; i++)
        bar[i] = i < (int)(fraction * BAR_WIDTH) ? '#' : '.';
    bar[BAR_WIDTH] = '\0';
    double by_rate = p->rate > 0 ? (double)(p->total - p->done) / p->rate : INFINITY;
    double seconds = isnan(p->left) ? by_rate : p->left;
    if (seconds < 1e8) {
        long s = (long)(seconds + 0.5);
        snprintf(left, sizeof left, "  ETA %ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    }
    /* Slow work reads better as time a unit than as a rate of 0.0. */
    int slow = p->rate > 0 && p->rate < 1;
    int length = snprintf(line, sizeof line, "%s [%s] %lld/%lld  %.1f %s%s%s%s%s", p->label, bar, (long long)p->done,
                          (long long)p->total, slow ? 1 / p->rate : p->rate, slow ? "s/" : "", p->unit,
                          slow ? "" : "/s", left, note ? "  " : "");
    if (note && length > 0 && length < (int)sizeof line)
        snprintf(line + length, sizeof line - (size_t)length, "%s", note);
    /* A line that wraps could not be erased any more; \033[K erases what a longer one left. */
    fprintf(stderr, "\r%.*s\033[K", terminal_width() - 1, line);
    fflush(stderr);
}

void progress_update(progress *p, int64_t done, const char *note) {
    p->done = done < p->total ? done : p->total;
    double now = clock_seconds();
    if (!p->enabled || now - p->last_drawn < REDRAW_SECONDS)
        return;
    update_rate(p, now);
    draw(p, note);
}

void progress_end(progress *p) {
    if (p->enabled)
        fprintf(stderr, "\r\033[K");
    p->enabled = 0;
}

void progress_share(void *bar, int done, int total) {
    progress *p = bar;
    p->total = total;
    progress_update(p, done, NULL);
}
