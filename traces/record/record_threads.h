/*
 * record_threads.h - whether a program is going to start threads, told before it is started.
 */
#ifndef TRACES_RECORD_RECORD_THREADS_H
#define TRACES_RECORD_RECORD_THREADS_H

#include <stdbool.h>

/*
 * True when the executable asks the dynamic linker for pthread_create or thrd_create. It need not
 * call them; and the libraries that it loads, which are not looked at, may start threads for it.
 * False for what cannot be read.
 */
bool record_threads_are_likely(const char *executable);

#endif
