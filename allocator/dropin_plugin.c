/* Loaded and unloaded by dropin_threads.c: what a library allocates outlives it. */
#include <stdlib.h>
#include <string.h>

char *plugin_text(const char *text);
char *plugin_text(const char *text)
{
    return strdup(text);
}

static void *kept;

__attribute__((constructor)) static void begin(void)
{
    kept = malloc(5000);
}

__attribute__((destructor)) static void end(void)
{
    free(kept);
}
