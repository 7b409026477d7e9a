#include "traces/record/record_redirect.h"
#include "traces/record/record_arena.h"
#include "traces/record/record_preload.h"

#include <elf.h>
#include <link.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* What the dynamic linker knows of a loaded object, as far as it is needed here. */
struct object {
    uintptr_t base;
    const ElfW(Phdr) * segments;
    unsigned segment_count;
    ElfW(Sym) * symbols;
    const char *strings;
    const uint32_t *gnu_hash;
    const uint32_t *hash;
    const ElfW(Rela) * relocations[2]; /* of data, of calls */
    size_t relocation_bytes[2];
};

struct hook {
    const char *name;
    uintptr_t wrapper;
    uintptr_t original; /* 0: the executable does not define it */
};

#define HOOK(function)                                                                             \
    {                                                                                              \
#function, (uintptr_t)(function), 0                                                        \
    }

static struct hook hooks[] = {
    HOOK(malloc),
    HOOK(free),
    HOOK(calloc),
    HOOK(realloc),
    HOOK(reallocarray),
    HOOK(memalign),
    HOOK(aligned_alloc),
    HOOK(posix_memalign),
    HOOK(valloc),
    HOOK(pvalloc),
    HOOK(malloc_usable_size),
    HOOK(_Znwm),
    HOOK(_ZnwmRKSt9nothrow_t),
    HOOK(_ZnwmSt11align_val_t),
    HOOK(_ZnwmSt11align_val_tRKSt9nothrow_t),
    HOOK(_Znam),
    HOOK(_ZnamRKSt9nothrow_t),
    HOOK(_ZnamSt11align_val_t),
    HOOK(_ZnamSt11align_val_tRKSt9nothrow_t),
    HOOK(_ZdlPv),
    HOOK(_ZdlPvRKSt9nothrow_t),
    HOOK(_ZdlPvm),
    HOOK(_ZdlPvSt11align_val_t),
    HOOK(_ZdlPvSt11align_val_tRKSt9nothrow_t),
    HOOK(_ZdlPvmSt11align_val_t),
    HOOK(_ZdaPv),
    HOOK(_ZdaPvRKSt9nothrow_t),
    HOOK(_ZdaPvm),
    HOOK(_ZdaPvSt11align_val_t),
    HOOK(_ZdaPvSt11align_val_tRKSt9nothrow_t),
    HOOK(_ZdaPvmSt11align_val_t),
};

enum { HOOKS = sizeof hooks / sizeof *hooks, MOST_ARENA_HOOKS = 32 };

static struct hook arena_hooks[MOST_ARENA_HOOKS];

/* ---- reading loaded objects ---- */

/* The dynamic linker has made most of these into addresses already, but not in every object. */
static void *at(const struct object *object, uintptr_t value)
{
    return (void *)(value < object->base ? value + object->base : value);
}

static void read_dynamic(struct object *object, const ElfW(Dyn) * entry)
{
    for (; entry->d_tag != DT_NULL; entry++) {
        void *pointer = at(object, entry->d_un.d_ptr);
        switch (entry->d_tag) {
        case DT_SYMTAB:
            object->symbols = pointer;
            break;
        case DT_STRTAB:
            object->strings = pointer;
            break;
        case DT_GNU_HASH:
            object->gnu_hash = pointer;
            break;
        case DT_HASH:
            object->hash = pointer;
            break;
        case DT_RELA:
            object->relocations[0] = pointer;
            break;
        case DT_RELASZ:
            object->relocation_bytes[0] = entry->d_un.d_val;
            break;
        case DT_JMPREL:
            object->relocations[1] = pointer;
            break;
        case DT_PLTRELSZ:
            object->relocation_bytes[1] = entry->d_un.d_val;
            break;
        default:
            break;
        }
    }
}

static bool read_object(struct object *object, const struct dl_phdr_info *info)
{
    *object = (struct object){
        .base = info->dlpi_addr, .segments = info->dlpi_phdr, .segment_count = info->dlpi_phnum};
    for (unsigned i = 0; i < object->segment_count; i++)
        if (object->segments[i].p_type == PT_DYNAMIC)
            read_dynamic(object, (const void *)(object->base + object->segments[i].p_vaddr));
    return object->symbols != NULL && object->strings != NULL;
}

/* GNU's hash table does not tell how many symbols there are: the longest chain's end does. */
static size_t symbol_count(const struct object *object)
{
    if (object->hash != NULL)
        return object->hash[1];
    if (object->gnu_hash == NULL)
        return 0;
    uint32_t bucket_count = object->gnu_hash[0], first = object->gnu_hash[1];
    const uint32_t *buckets = object->gnu_hash + 4 + (size_t)object->gnu_hash[2] * 2;
    const uint32_t *chains = buckets + bucket_count;
    uint32_t last = 0;
    for (uint32_t i = 0; i < bucket_count; i++)
        if (buckets[i] > last)
            last = buckets[i];
    if (last < first)
        return 0;
    while (!(chains[last - first] & 1))
        last++;
    return (size_t)last + 1;
}

static ElfW(Sym) * find_symbol(const struct object *object, const char *name)
{
    size_t count = symbol_count(object);
    for (size_t i = 0; i < count; i++) {
        ElfW(Sym) *symbol = &object->symbols[i];
        if (symbol->st_shndx != SHN_UNDEF && ELF64_ST_TYPE(symbol->st_info) == STT_FUNC &&
            strcmp(object->strings + symbol->st_name, name) == 0)
            return symbol;
    }
    return NULL;
}

static int read_first(struct dl_phdr_info *info, size_t size, void *object)
{
    (void)size;
    return read_object(object, info) ? 1 : -1;
}

/* The executable, when it defines malloc; the first object is the executable. */
static const struct object *executable(void)
{
    static struct object object;
    static enum { UNKNOWN, PLAIN, DEFINES_MALLOC } state;
    if (state == UNKNOWN)
        state = dl_iterate_phdr(read_first, &object) == 1 && find_symbol(&object, "malloc") != NULL
                    ? DEFINES_MALLOC
                    : PLAIN;
    return state == DEFINES_MALLOC ? &object : NULL;
}

void *record_redirect_original(const char *name)
{
    for (size_t i = 0; i < HOOKS; i++)
        if (hooks[i].original != 0 && strcmp(hooks[i].name, name) == 0)
            return (void *)hooks[i].original;
    const struct object *object = executable();
    const ElfW(Sym) *symbol = object != NULL ? find_symbol(object, name) : NULL;
    return symbol != NULL ? (void *)(object->base + symbol->st_value) : NULL;
}

/* ---- patching ---- */

/* How the page must be left. */
static int protection(const struct object *object, uintptr_t address)
{
    int result = PROT_READ;
    for (unsigned i = 0; i < object->segment_count; i++) {
        const ElfW(Phdr) *segment = &object->segments[i];
        if (address - object->base - segment->p_vaddr >= segment->p_memsz)
            continue;
        if (segment->p_type == PT_GNU_RELRO)
            return PROT_READ;
        if (segment->p_type == PT_LOAD)
            result = ((segment->p_flags & PF_W) ? PROT_READ | PROT_WRITE : PROT_READ) |
                     ((segment->p_flags & PF_X) ? PROT_EXEC : 0);
    }
    return result;
}

static void patch(const struct object *object, uintptr_t *slot, uintptr_t value)
{
    uintptr_t page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
    void *page = (void *)((uintptr_t)slot & ~(page_bytes - 1));
    if (mprotect(page, page_bytes, PROT_READ | PROT_WRITE) != 0)
        return;
    *(volatile uintptr_t *)slot = value;
    mprotect(page, page_bytes, protection(object, (uintptr_t)slot));
}

static void redirect_symbol(const struct object *object, struct hook *hook)
{
    ElfW(Sym) *symbol = find_symbol(object, hook->name);
    if (symbol == NULL)
        return;
    hook->original = object->base + symbol->st_value;
    patch(object, &symbol->st_value, hook->wrapper - object->base);
}

static uintptr_t wrapper_of(uintptr_t original)
{
    for (size_t i = 0; i < HOOKS; i++)
        if (hooks[i].original != 0 && hooks[i].original == original)
            return hooks[i].wrapper;
    for (size_t i = 0; i < record_arena_hook_count; i++)
        if (arena_hooks[i].original != 0 && arena_hooks[i].original == original)
            return arena_hooks[i].wrapper;
    return 0;
}

static void patch_slots(const struct object *object, const ElfW(Rela) * relocations, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t type = ELF64_R_TYPE(relocations[i].r_info);
        if (type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT && type != R_X86_64_64)
            continue;
        uintptr_t *slot = (uintptr_t *)(object->base + relocations[i].r_offset);
        uintptr_t wrapper = wrapper_of(*slot);
        if (wrapper != 0)
            patch(object, slot, wrapper);
    }
}

static bool is_this_library(const struct object *object)
{
    for (unsigned i = 0; i < object->segment_count; i++)
        if (object->segments[i].p_type == PT_LOAD &&
            (uintptr_t)hooks - object->base - object->segments[i].p_vaddr <
                object->segments[i].p_memsz)
            return true;
    return false;
}

static int patch_object(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)size;
    (void)unused;
    struct object object;
    if (!read_object(&object, info) || is_this_library(&object))
        return 0;
    for (int i = 0; i < 2; i++)
        if (object.relocations[i] != NULL)
            patch_slots(&object, object.relocations[i],
                        object.relocation_bytes[i] / sizeof(ElfW(Rela)));
    return 0;
}

bool record_redirect(void)
{
    const struct object *object = executable();
    if (object == NULL)
        return false;
    for (size_t i = 0; i < HOOKS; i++)
        redirect_symbol(object, &hooks[i]);
    for (size_t i = 0; i < record_arena_hook_count && i < MOST_ARENA_HOOKS; i++) {
        const struct record_arena_hook *hook = &record_arena_hooks[i];
        arena_hooks[i] = (struct hook){hook->name, (uintptr_t)hook->wrapper, 0};
        *(void **)hook->real = record_redirect_original(hook->name);
        redirect_symbol(object, &arena_hooks[i]);
    }
    dl_iterate_phdr(patch_object, NULL);
    return true;
}
