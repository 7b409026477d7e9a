/*
 * record_redirect.h - executables that define malloc themselves, Firefox for one.
 *
 * Their malloc precedes every preloaded one in symbol order, so that libraries bind to it and the
 * recorder would see nothing. Its entries in the executable's dynamic symbol table are made to lead
 * to the recorder's functions: libraries that are loaded later bind to those. In libraries that are
 * loaded already, the slots that hold its address are patched. Calls inside the executable remain
 * unseen.
 */
#ifndef TRACES_RECORD_REDIRECT_H
#define TRACES_RECORD_REDIRECT_H

#include <stdbool.h>

/* The executable's own function of that name, NULL when it has none or does not define malloc. */
void *record_redirect_original(const char *name);

/* Redirects whatever the executable defines. False when it does not define malloc: nothing is done.
 */
bool record_redirect(void);

#endif
