#include "replay/machine.h"

#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
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
    read_labelled("/proc/cpuinfo", "microcode", text, sizeof text);
    trace_meta_set(settings, "microcode", "%s", text);
    trace_meta_set(settings, "cores", "%ld", sysconf(_SC_NPROCESSORS_ONLN));
    machine_huge_pages(text, sizeof text);
    trace_meta_set(settings, "thp", "%s", text);
    machine_aslr(text, sizeof text);
    trace_meta_set(settings, "aslr", "%s", text);
    read_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", text, sizeof text);
    trace_meta_set(settings, "governor", "%s", *text ? text : "none");
}

void machine_write_name(char *name, size_t room)
{
    char cpu[256], huge_pages[64];
    struct utsname names = {0};
    uname(&names);
    read_labelled("/proc/cpuinfo", "model name", cpu, sizeof cpu);
    machine_huge_pages(huge_pages, sizeof huge_pages);
    snprintf(name, room, "%s; %s %s; %s; %ld cores; thp %s", names.nodename, names.sysname,
             names.release, cpu, sysconf(_SC_NPROCESSORS_ONLN), huge_pages);
}

/* ---- addresses ---- */

void machine_aslr(char *word, size_t room)
{
    read_line("/proc/sys/kernel/randomize_va_space", word, room);
}

enum { PERSONALITY_ASKED = 0xffffffff }; /* changes nothing */

bool machine_fix_addresses(void)
{
    int now = personality(PERSONALITY_ASKED);
    return now != -1 && personality((unsigned long)now | ADDR_NO_RANDOMIZE) != -1;
}

bool machine_may_fix_addresses(void)
{
    int before = personality(PERSONALITY_ASKED);
    bool may = machine_fix_addresses();
    if (may)
        personality((unsigned long)before);
    return may;
}

/* ---- load ---- */

double machine_load(void)
{
    double load;
    return getloadavg(&load, 1) == 1 ? load : NAN;
}

struct machine_ticks machine_read_ticks(void)
{
    /* user, nice, system, idle, iowait, irq, softirq, steal; guests are in the first two */
    enum { COLUMNS = 8, STEAL = 7 };
    char line[512];
    struct machine_ticks ticks = {0, 0};
    read_line("/proc/stat", line, sizeof line);
    char *at = line + strcspn(line, " ");
    for (int i = 0; i < COLUMNS; i++) {
        double column = (double)strtoull(at, &at, 10);
        ticks.all += column;
        ticks.stolen += i == STEAL ? column : 0;
    }
    return ticks;
}

double machine_steal_percent(const struct machine_ticks *before)
{
    struct machine_ticks now = machine_read_ticks();
    double all = now.all - before->all;
    return before->all > 0 && all > 0 ? 100 * (now.stolen - before->stolen) / all : NAN;
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

int machine_own_cpu(size_t index)
{
    cpu_set_t cpus;
    if (sched_getaffinity(0, sizeof cpus, &cpus) != 0)
        return -1;
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &cpus) && index-- == 0)
            return (int)cpu;
    return -1;
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
