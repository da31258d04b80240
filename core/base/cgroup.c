#include "core/base/cgroup.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

bool cgroup_read_line(const char *folder, const char *name, char line[128]) {
    char path[2 * PATH_MAX];
    bool fits = snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path;
    FILE *file = fits ? fopen(path, "r") : NULL;
    if (!file)
        return false;
    bool read = fgets(line, 128, file) != NULL;
    fclose(file);
    return read;
}

typedef struct walk {
    const char *root, *controller;
    void (*visit)(void *context, const char *folder);
    void *context;
} walk;

/* A group and those above it. In a container the group's own folder may not be there: the mount shows the container's
 * group as the topmost one. */
static void visit_group(const walk *w, const char *mount, const char *group) {
    char folder[2 * PATH_MAX];
    size_t top = strlen(mount);
    snprintf(folder, sizeof folder, "%s%s", mount, group);
    for (;;) {
        w->visit(w->context, folder);
        char *slash = strrchr(folder, '/');
        if (!slash || slash < folder + top)
            return;
        *slash = '\0';
    }
}

static bool lists(const char *controllers, const char *controller) {
    size_t length = strlen(controller);
    for (const char *at = controllers; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        if (!strncmp(at, controller, length) && (at[length] == ',' || at[length] == '\0'))
            return true;
    return false;
}

/* A line of /proc/self/cgroup, "4:cpu,cpuacct:/group" (version 1) or "0::/group" (version 2). */
static void visit_line(const walk *w, char *line) {
    char *controllers = strchr(line, ':'), *group = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!group)
        return;
    *group++ = '\0';
    controllers++;
    group[strcspn(group, "\n")] = '\0';
    char mount[PATH_MAX];
    if (*controllers && !lists(controllers, w->controller))
        return;
    snprintf(mount, sizeof mount, "%s/sys/fs/cgroup%s%s", w->root, *controllers ? "/" : "", controllers);
    visit_group(w, mount, group);
}

void cgroup_each(const char *root, const char *controller, void (*visit)(void *context, const char *folder),
                 void *context) {
    char path[PATH_MAX], line[PATH_MAX];
    const walk w = {root, controller, visit, context};
    snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        visit_line(&w, line);
    if (file)
        fclose(file);
}
