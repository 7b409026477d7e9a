/*
 * import_android.h - reads what Android's malloc_debug records and its memory_replay replays.
 *
 *     186: malloc 0xb6038060 20 1000 1040          result, size
 *     186: calloc 0xb609f080 32 4 1100 1150        result, count, size
 *     186: realloc 0xb609f100 0xb609f080 200 ...   result, argument, size
 *     186: memalign 0x85423660 16 104 ...          result, alignment, size
 *     186: free 0xb6038060 2000 2010
 *     187: thread_done 0x0 2500
 *
 * Each begins with the thread's id. The two times at the end, in nanoseconds, are of start and end
 * of the call; older files have none. Defined by AOSP's libmemory_trace and the README of
 * bionic's malloc_debug (record_allocs).
 */
#ifndef TRACES_IMPORT_IMPORT_ANDROID_H
#define TRACES_IMPORT_IMPORT_ANDROID_H

#include "traces/import/import_job.h"

bool import_android_probe(const char *bytes, size_t count);

bool import_android(struct import_job *job, struct error *error);

#endif
