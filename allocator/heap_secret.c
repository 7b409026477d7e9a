#include "allocator/heap_state.h"

#include <errno.h>
#include <sys/auxv.h>
#include <sys/random.h>

uintptr_t heap_secret;

/* The kernel may not have gathered enough randomness yet; what it gave the process at its start is
 * always there. */
static uintptr_t draw(void)
{
    uintptr_t secret;
    int saved_errno = errno;
    const uintptr_t *at_start = (const uintptr_t *)getauxval(AT_RANDOM);
    if (getrandom(&secret, sizeof secret, GRND_NONBLOCK) != sizeof secret)
        secret = at_start ? at_start[0] * UINT64_C(0x9e3779b97f4a7c15) ^ at_start[1] : 1;
    errno = saved_errno;
    return secret | 1;
}

void heap_secret_make(void)
{
    uintptr_t none = 0;
    if (__atomic_load_n(&heap_secret, __ATOMIC_RELAXED) == 0)
        __atomic_compare_exchange_n(&heap_secret, &none, draw(), false, __ATOMIC_RELAXED,
                                    __ATOMIC_RELAXED);
}
