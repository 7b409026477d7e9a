#include "traces/record/record_folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool record_folder_make(const char *place, char folder[static PATH_MAX], struct error *error)
{
    int length = snprintf(folder, PATH_MAX, "%s/trace-record-XXXXXX", place);
    if (length < 0 || length >= PATH_MAX || mkdtemp(folder) == NULL)
        return error_set(error, ERROR_OUTPUT, "cannot make a folder in %s: %s", place,
                         strerror(errno));
    /* Servers that are started by root fork workers which run as another user. */
    if (geteuid() == 0)
        chmod(folder, 01733);
    return true;
}

void record_folder_remove(const char *folder)
{
    DIR *entries = opendir(folder);
    if (entries == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(entries)) != NULL;)
        if (entry->d_name[0] != '.')
            unlinkat(dirfd(entries), entry->d_name, 0);
    closedir(entries);
    rmdir(folder);
}
