#include "replay/machine.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* The first line of a file without its newline; empty when there is none. */
static void read_line(const char *path, char *line, size_t room)
{
    FILE *file = fopen(path, "re");
    line[0] = '\0';
    if (!file)
        return;
    if (!fgets(line, (int)room, file))
        line[0] = '\0';
    line[strcspn(line, "\n")] = '\0';
    fclose(file);
}

/* What stands behind "LABEL<blanks>:" in a file of such lines. */
static void read_labelled(const char *path, const char *label, char *value, size_t room)
{
    FILE *file = fopen(path, "re");
    char line[512];
    value[0] = '\0';
    while (file && fgets(line, sizeof line, file)) {
        char *colon = strchr(line, ':');
        if (strncmp(line, label, strlen(label)) != 0 || !colon)
            continue;
        colon += 1 + strspn(colon + 1, " \t");
        colon[strcspn(colon, "\n")] = '\0';
        snprintf(value, room, "%s", colon);
        break;
    }
    if (file)
        fclose(file);
}

/* The chosen word of a list like "always [madvise] never". */
static void keep_bracketed(char *line)
{
    char *open = strchr(line, '['), *close = strchr(line, ']');
    if (!open || !close || close < open)
        return;
    *close = '\0';
    memmove(line, open + 1, strlen(open + 1) + 1);
}

void machine_huge_pages(char *word, size_t room)
{
    read_line("/sys/kernel/mm/transparent_hugepage/enabled", word, room);
    keep_bracketed(word);
}

void machine_describe(struct trace_meta *settings)
{
    char text[512];
    struct utsname names;
    if (uname(&names) == 0) {
        trace_meta_set(settings, "host", "%s", names.nodename);
        trace_meta_set(settings, "kernel", "%s %s", names.sysname, names.release);
    }
    read_labelled("/proc/cpuinfo", "model name", text, sizeof text);
    trace_meta_set(settings, "cpu", "%s", text);
    trace_meta_set(settings, "cores", "%ld", sysconf(_SC_NPROCESSORS_ONLN));
    machine_huge_pages(text, sizeof text);
    trace_meta_set(settings, "thp", "%s", text);
    read_line("/proc/sys/kernel/randomize_va_space", text, sizeof text);
    trace_meta_set(settings, "aslr", "%s", text);
    read_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", text, sizeof text);
    trace_meta_set(settings, "governor", "%s", text);
}

int machine_last_cpu(void)
{
    cpu_set_t cpus;
    if (sched_getaffinity(0, sizeof cpus, &cpus) != 0)
        return -1;
    int last = -1;
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &cpus))
            last = (int)cpu;
    return last;
}

bool machine_leave_cpu(int cpu)
{
    cpu_set_t cpus;
    if (cpu < 0 || sched_getaffinity(0, sizeof cpus, &cpus) != 0)
        return true;
    if ((size_t)cpu >= CPU_SETSIZE || !CPU_ISSET((size_t)cpu, &cpus))
        return false;
    CPU_CLR((size_t)cpu, &cpus);
    if (CPU_COUNT(&cpus) > 0)
        sched_setaffinity(0, sizeof cpus, &cpus);
    return true;
}
