#include "replay/memory_group.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { REMOVAL_TRIES = 200, REMOVAL_PAUSE_MS = 5, ABANDONED_S = 2 };

/* ---- the place ---- */

/* Whether `word` is one of those in the list, which `separators` part. */
static bool has_word(const char *list, const char *word, const char *separators)
{
    size_t length = strlen(word);
    while (*list) {
        size_t count = strcspn(list, separators);
        if (count == length && strncmp(list, word, length) == 0)
            return true;
        list += count + (list[count] != '\0');
    }
    return false;
}

/* A line of /proc/self/cgroup, "ID:CONTROLLERS:PATH", of the hierarchy that is wanted. */
static bool read_cgroup_line(char *line, int version, char *path, size_t room)
{
    char *rest = line;
    const char *id = strsep(&rest, ":"), *controllers = strsep(&rest, ":");
    if (!rest)
        return false;
    rest[strcspn(rest, "\n")] = '\0';
    bool is_wanted = version == 1 ? has_word(controllers, "memory", ",")
                                  : strcmp(id, "0") == 0 && *controllers == '\0';
    return is_wanted && (size_t)snprintf(path, room, "%s", rest) < room;
}

/* A line of /proc/self/mountinfo: "ID PARENT DEVICE ROOT POINT ... - TYPE SOURCE OPTIONS". */
static bool read_mount_line(char *line, int version, char *root, char *point)
{
    char type[32], options[1024];
    char *tail = strstr(line, " - ");
    if (!tail || sscanf(tail, " - %31s %*s %1023s", type, options) != 2 ||
        sscanf(line, "%*s %*s %*s %4095s %4095s", root, point) != 2)
        return false;
    return version == 1 ? strcmp(type, "cgroup") == 0 && has_word(options, "memory", ",")
                        : strcmp(type, "cgroup2") == 0;
}

static FILE *open_in(const char *folder, const char *name)
{
    char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return fopen(path, "re");
}

static bool find_cgroup(const char *process, int version, char *path, size_t room)
{
    char line[PATH_MAX];
    bool found = false;
    FILE *file = open_in(process, "cgroup");
    while (file && !found && fgets(line, sizeof line, file))
        found = read_cgroup_line(line, version, path, room);
    if (file)
        fclose(file);
    return found;
}

static bool find_mount(const char *process, int version, char *root, char *point)
{
    char line[3 * PATH_MAX];
    bool found = false;
    FILE *file = open_in(process, "mountinfo");
    while (file && !found && fgets(line, sizeof line, file))
        found = read_mount_line(line, version, root, point);
    if (file)
        fclose(file);
    return found;
}

/* The folder of this process's cgroup. What is mounted may be a part of the hierarchy only. */
static bool find_folder(struct memory_place *place, const char *process)
{
    char path[PATH_MAX], root[PATH_MAX], point[PATH_MAX];
    if (!find_cgroup(process, place->version, path, sizeof path) ||
        !find_mount(process, place->version, root, point))
        return false;
    size_t length = strcmp(root, "/") == 0 ? 0 : strlen(root);
    const char *below = strncmp(path, root, length) == 0 ? path + length : path;
    if (strcmp(below, "/") == 0)
        below = "";
    return (size_t)snprintf(place->folder, sizeof place->folder, "%s%s", point, below) <
           sizeof place->folder;
}

static bool hands_memory_on(const char *folder)
{
    char controllers[256] = "";
    FILE *file = open_in(folder, "cgroup.subtree_control");
    bool is_read = file && fgets(controllers, sizeof controllers, file);
    if (file)
        fclose(file);
    return is_read && has_word(controllers, "memory", " \n");
}

/* Moves to the cgroup above; false where there is none in what is mounted here. */
static bool go_up(struct memory_place *place)
{
    char path[PATH_MAX + 64];
    const char *slash = strrchr(place->folder, '/');
    int length = slash ? (int)(slash - place->folder) : 0;
    snprintf(path, sizeof path, "%.*s/cgroup.subtree_control", length, place->folder);
    if (length == 0 || access(path, F_OK) != 0)
        return false;
    place->folder[length] = '\0';
    return true;
}

static bool find_version_2(struct memory_place *place, const char *process, struct error *error)
{
    place->version = 2;
    if (!find_folder(place, process))
        return error_set(error, ERROR_USAGE, "no cgroup hierarchy is mounted here");
    if (hands_memory_on(place->folder) || (go_up(place) && hands_memory_on(place->folder)))
        return true;
    return error_set(error, ERROR_USAGE,
                     "%s/cgroup.subtree_control: the cgroup hands no memory controller on",
                     place->folder);
}

bool memory_place_find(struct memory_place *place, const char *process, struct error *error)
{
    *place = (struct memory_place){.version = 1};
    return find_folder(place, process) || find_version_2(place, process, error);
}

/*
 * A group that is in use cannot be removed. It is empty for a moment before its process is in it,
 * and that this one has ended cannot be known where numbers of processes have another meaning: so
 * only what is older is taken.
 */
static bool is_abandoned(int folder_fd, const char *name)
{
    struct stat status;
    int pid;
    return sscanf(name, "heapreel.%d.", &pid) == 1 && kill(pid, 0) != 0 && errno == ESRCH &&
           fstatat(folder_fd, name, &status, 0) == 0 && time(NULL) - status.st_mtime >= ABANDONED_S;
}

void memory_place_clear(const struct memory_place *place)
{
    DIR *folder = opendir(place->folder);
    struct dirent *entry;
    while (folder && (entry = readdir(folder)))
        if (is_abandoned(dirfd(folder), entry->d_name))
            unlinkat(dirfd(folder), entry->d_name, AT_REMOVEDIR);
    if (folder)
        closedir(folder);
}

/* ---- a group ---- */

static bool write_file(const struct memory_group *group, const char *name, const char *text,
                       struct error *error)
{
    char path[sizeof group->folder + 64];
    snprintf(path, sizeof path, "%s/%s", group->folder, name);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool ok = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    if (!ok)
        error_set(error, ERROR_USAGE, "%s: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return ok;
}

/* The kernel has no such file where it was built without swap. */
static bool forbid_swap(const struct memory_group *group, int version, struct error *error)
{
    bool ok = version == 1 ? write_file(group, "memory.swappiness", "0", error)
                           : write_file(group, "memory.swap.max", "0", error);
    return ok || (version == 2 && errno == ENOENT);
}

static bool set_up(struct memory_group *group, int version, uint64_t limit_bytes,
                   struct error *error)
{
    char text[32], path[sizeof group->folder + 64];
    snprintf(text, sizeof text, "%" PRIu64, limit_bytes);
    if (!forbid_swap(group, version, error))
        return false;
    if (limit_bytes > 0 &&
        !write_file(group, version == 1 ? "memory.limit_in_bytes" : "memory.max", text, error))
        return false;
    snprintf(path, sizeof path, "%s/cgroup.procs", group->folder);
    group->procs_fd = open(path, O_WRONLY | O_CLOEXEC);
    return group->procs_fd >= 0 || error_set(error, ERROR_USAGE, "%s: %s", path, strerror(errno));
}

bool memory_group_open(struct memory_group *group, const struct memory_place *place,
                       uint64_t limit_bytes, struct error *error)
{
    static unsigned number;
    *group = (struct memory_group){.procs_fd = -1};
    snprintf(group->folder, sizeof group->folder, "%s/heapreel.%d.%u", place->folder, (int)getpid(),
             ++number);
    if (mkdir(group->folder, 0755) != 0)
        return error_set(error, ERROR_USAGE, "%s: %s", group->folder, strerror(errno));
    if (set_up(group, place->version, limit_bytes, error))
        return true;
    memory_group_close(group);
    return false;
}

/* A process that was reaped may be in its group a moment longer. */
void memory_group_close(struct memory_group *group)
{
    struct timespec pause = {.tv_nsec = REMOVAL_PAUSE_MS * 1000000};
    if (group->procs_fd >= 0)
        close(group->procs_fd);
    group->procs_fd = -1;
    for (int i = 0; i < REMOVAL_TRIES && rmdir(group->folder) != 0 && errno == EBUSY; i++)
        nanosleep(&pause, NULL);
}
