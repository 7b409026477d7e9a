/*
 * record_folder.h - temporary folders for the raw files of a recording.
 */
#ifndef TRACES_RECORD_FOLDER_H
#define TRACES_RECORD_FOLDER_H

#include "traces/format/error.h"

#include <limits.h>

/* Makes a new folder in `place`; its path in `folder`. */
bool record_folder_make(const char *place, char folder[static PATH_MAX], struct error *error);

/* Removes it with the files in it. */
void record_folder_remove(const char *folder);

#endif
