/*
 * Crimes at random. A child of fork makes a random history of valid calls of the drop-in, commits
 * one crime, and goes on. It must be stopped by one line that names a crime, or, where what was
 * overwritten is never looked at, run on; it must neither crash nor hang nor read where nothing is.
 *
 * Not looked at, and so not stopped: what a freed block holds beyond its two links; the links of
 * one that was merged into the free block below it, or is not handed out again; the header of a
 * merged or cached block until it is freed again; and the end of the heap until it grows.
 *
 * HEAP_TEST_SEED=N repeats a run, HEAP_TEST_OPS=N sets how often each crime is committed,
 * HEAP_TEST_CRIME=NAME leaves out the others.
 */
#include "allocator/dropin_support.h"
#include "allocator/heap_state.h"
#include "allocator/heap_test_support.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SLOTS = 120, HISTORY = 300, AFTERMATH = 300, SECONDS = 5, DOES_NOT_APPLY = 3 };

struct slot {
    char *block;
    size_t bytes;
};

/* What the child knows; the victim is not among the slots any more. */
static struct {
    uint64_t random;
    struct slot slots[SLOTS];
    struct slot victim;
} child;

static struct heap *the_heap;

struct heap *__real_heap_init(const struct heap_config *config);
struct heap *__wrap_heap_init(const struct heap_config *config);

struct heap *__wrap_heap_init(const struct heap_config *config)
{
    the_heap = __real_heap_init(config);
    return the_heap;
}

static size_t below(size_t bound)
{
    return heap_test_below(&child.random, bound);
}

/* Through a volatile pointer, so that the compiler cannot reason about what is wrong. */
static void write_byte(char *place, size_t value)
{
    *(volatile char *)place = (char)value;
}

static void change_bits(char *place, size_t bits)
{
    write_byte(place, (unsigned char)*place ^ bits);
}

static void write_word(char *place, uintptr_t word)
{
    for (size_t i = 0; i < sizeof word; i++)
        write_byte(place + i, word >> (8 * i) & 0xff);
}

/* ---- valid calls ---- */

static size_t random_bytes(void)
{
    size_t kind = below(1000);
    return kind < 650   ? below(200)
           : kind < 900 ? below(3500)
           : kind < 985 ? below(60000)
           : kind < 998 ? below(2 * MIB)
                        : HEAP_HUGE_BYTES + below(MIB);
}

/* A third of the blocks stays as it comes, with what was there before. */
static void fill(struct slot *slot)
{
    size_t kind = below(6), bytes = slot->bytes < 300 ? slot->bytes : 300;
    if (slot->block && kind >= 2)
        for (size_t i = 0; i < bytes; i++)
            slot->block[i] = kind >= 4 ? (char)below(256) : (char)(kind == 3 ? 0 : 1);
}

static char *new_block(size_t bytes)
{
    switch (below(8)) {
    case 0:
        return dropin_calloc(1, bytes);
    case 1:
        return dropin_memalign((size_t)16 << below(9), bytes);
    default:
        return dropin_malloc(bytes);
    }
}

static void take(struct slot *slot)
{
    slot->bytes = random_bytes();
    slot->block = new_block(slot->bytes);
    fill(slot);
}

static void give(struct slot *slot)
{
    dropin_free(slot->block);
    slot->block = NULL;
}

static void resize(struct slot *slot)
{
    slot->bytes = below(2) ? slot->bytes + below(300) : random_bytes();
    slot->block = dropin_realloc(slot->block, slot->bytes + 1);
    fill(slot);
}

static void live_on(size_t operations)
{
    while (operations-- > 0) {
        struct slot *slot = &child.slots[below(SLOTS)];
        if (!slot->block)
            take(slot);
        else if (below(4) == 0)
            resize(slot);
        else
            give(slot);
    }
}

/* A live block out of the slots that has a neighbour above it and at least so many bytes. */
static void choose_victim(size_t least_bytes, size_t most_bytes)
{
    for (size_t tries = 0; tries < 1000; tries++) {
        struct slot *slot = &child.slots[below(SLOTS)];
        size_t usable_bytes = slot->block ? dropin_malloc_usable_size(slot->block) : 0;
        if (usable_bytes >= least_bytes && usable_bytes < most_bytes && slot->block) {
            child.victim = (struct slot){slot->block, usable_bytes};
            slot->block = NULL;
            return;
        }
    }
    _exit(DOES_NOT_APPLY);
}

static void choose_any_victim(void)
{
    choose_victim(0, SIZE_MAX);
}

/* Blocks from HEAP_HUGE_BYTES on have a mapping of their own, and nothing above them. */
static void choose_victim_in_a_region(size_t least_bytes)
{
    choose_victim(least_bytes, HEAP_HUGE_BYTES);
}

static void free_some(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct slot *slot = &child.slots[below(SLOTS)];
        if (slot->block)
            give(slot);
    }
}

/* ---- the crimes: freed twice ---- */

/* What a pointer that is no live block may be passed to. */
static void misuse(char *pointer)
{
    switch (below(4)) {
    case 0:
        dropin_free(dropin_realloc(pointer, 1 + random_bytes()));
        break;
    case 1:
        dropin_malloc_usable_size(pointer);
        break;
    default:
        dropin_free(pointer);
    }
}

static void double_free_at_once(void)
{
    choose_any_victim();
    dropin_free(child.victim.block);
    misuse(child.victim.block);
}

static void double_free_after_frees(void)
{
    choose_any_victim();
    dropin_free(child.victim.block);
    free_some(below(100));
    misuse(child.victim.block);
}

/* The address may belong to a new block by then, which is a crime of another kind. */
static void double_free_later(void)
{
    choose_any_victim();
    dropin_free(child.victim.block);
    live_on(below(300));
    for (size_t i = 0; i < SLOTS; i++) {
        const struct slot *slot = &child.slots[i];
        if (slot->block && (uintptr_t)child.victim.block - (uintptr_t)slot->block <
                               dropin_malloc_usable_size(slot->block))
            _exit(DOES_NOT_APPLY);
    }
    misuse(child.victim.block);
}

/* ---- pointers that no call returned ---- */

/* A fill with the victim's own header is the best forgery that a copy can be. */
static void free_interior(void)
{
    choose_victim(32, SIZE_MAX);
    size_t offset = 16 + 16 * below((child.victim.bytes - 16) / 16);
    size_t kind = below(4);
    uintptr_t head;
    memcpy(&head, child.victim.block - 8, sizeof head);
    for (size_t i = 0; i + 8 <= child.victim.bytes && i < 4096 && kind; i += 8)
        write_word(child.victim.block + i, kind == 1   ? head
                                           : kind == 2 ? UINT64_C(0x0101010101010101) * below(256)
                                                       : heap_test_random(&child.random));
    misuse(child.victim.block + offset);
}

/* Where a block grew, the header of what was above it may still be there. */
static void free_interior_after_growth(void)
{
    choose_victim_in_a_region(0);
    size_t old_bytes = child.victim.bytes;
    char *grown = dropin_realloc(child.victim.block, old_bytes + 100 + below(3000));
    misuse(grown + old_bytes + 8);
}

static void free_misaligned(void)
{
    choose_any_victim();
    misuse(child.victim.block + 1 + below(15));
}

static char *page_alone(void)
{
    char *pages = mmap(NULL, 3 * 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(pages + 4096, 4096, PROT_READ | PROT_WRITE);
    return pages + 4096;
}

static void free_foreign(void)
{
    static _Alignas(16) char in_data[256];
    _Alignas(16) char on_stack[256] = {0};
    uintptr_t wild = (uintptr_t)heap_test_random(&child.random) & ~(uintptr_t)15;
    char *const places[] = {
        in_data + 16 * below(16),
        on_stack + 16 * below(16),
        malloc(100),
        page_alone(),
        page_alone() + 16 * below(256),
        (char *)wild,
        (char *)(wild & UINT64_C(0x7ffffffffff0)),
        (char *)(uintptr_t)(16 + 16 * below(1000)),
        (char *)(UINTPTR_MAX - 15),
    };
    misuse(places[below(sizeof places / sizeof places[0])]);
}

/* The heap's own memory is not the program's to free, down to its first and last bytes. */
static void free_heap_itself(void)
{
    uintptr_t places[] = {
        (uintptr_t)the_heap,      (uintptr_t)the_heap - 16,
        (uintptr_t)the_heap + 16, (uintptr_t)the_heap->newest + 16 * below(1000),
        (uintptr_t)the_heap->top, (uintptr_t)the_heap->top + 16,
        the_heap->committed - 16, the_heap->committed - 16 * (1 + below(1000)),
        the_heap->committed,      the_heap->committed + 16,
    };
    uintptr_t place = places[below(sizeof places / sizeof places[0])];
    for (size_t i = 0; i < SLOTS; i++)
        if ((uintptr_t)child.slots[i].block == place)
            _exit(DOES_NOT_APPLY);
    misuse((char *)place);
}

/* ---- writes beyond a live block ---- */

static void overflow(void)
{
    choose_victim_in_a_region(0);
    char *end = child.victim.block + child.victim.bytes;
    size_t excess = 1 + below(64);
    if (end + excess > (char *)the_heap->committed)
        _exit(DOES_NOT_APPLY);
    change_bits(end, 1 + below(255));
    for (size_t i = 1; i < excess; i++)
        write_byte(end + i, below(256));
}

static void overflow_then_free(void)
{
    overflow();
    misuse(child.victim.block);
}

/* The block stays; its neighbour is freed among all others. */
static void overflow_then_live_on(void)
{
    overflow();
}

static void underflow_then_free(void)
{
    choose_victim_in_a_region(0);
    char *header = child.victim.block - 8;
    size_t deficit = 1 + below(8);
    change_bits(header + 7, 1 + below(255));
    for (size_t i = 2; i <= deficit; i++)
        write_byte(header + 8 - i, below(256));
    misuse(child.victim.block);
}

static void flip(char *header, size_t header_bytes)
{
    size_t bit = below(8 * header_bytes);
    change_bits(header + bit / 8, (size_t)1 << bit % 8);
}

static void flip_bit_then_free(void)
{
    choose_victim_in_a_region(0);
    flip(child.victim.block - 8, 8);
    misuse(child.victim.block);
}

static void flip_bit_above_then_free(void)
{
    choose_victim_in_a_region(0);
    flip(child.victim.block + child.victim.bytes, 8);
    misuse(child.victim.block);
}

static void flip_bit_of_freed(void)
{
    choose_victim_in_a_region(0);
    dropin_free(child.victim.block);
    free_some(below(20));
    flip(child.victim.block - 8, 8);
}

/* A block with a mapping of its own has a record before it. */
static void flip_bit_of_huge(void)
{
    child.slots[0].block = NULL;
    child.slots[1].block = NULL;
    take(&child.slots[0]);
    char *huge = dropin_malloc(HEAP_HUGE_BYTES + below(MIB));
    child.slots[1] = (struct slot){dropin_malloc(HEAP_HUGE_BYTES), HEAP_HUGE_BYTES};
    flip(huge - sizeof(struct huge_block), offsetof(struct huge_block, seal) + sizeof(uintptr_t));
    misuse(huge);
}

/* ---- writes to a freed block ---- */

/* Only what is at most so large: the pages of a large one may be gone. */
static void free_victim(size_t least_bytes)
{
    choose_victim_in_a_region(least_bytes);
    dropin_free(child.victim.block);
    free_some(below(30));
}

static bool is_mapped(void)
{
    return (uintptr_t)child.victim.block + child.victim.bytes <= the_heap->committed;
}

static void write_anywhere_to_freed(void)
{
    free_victim(0);
    size_t at = below(child.victim.bytes);
    for (size_t i = at; i < at + 64 && i < child.victim.bytes && is_mapped(); i++)
        write_byte(child.victim.block + i, below(256));
}

static void write_to_freed_links(void)
{
    free_victim(0);
    size_t from = below(16), to = from + 1 + below(16 - from);
    for (size_t i = from; i < to; i++)
        write_byte(child.victim.block + i, below(256));
}

static void flip_bit_of_freed_links(void)
{
    free_victim(0);
    flip(child.victim.block, 16);
}

static void fill_freed(void)
{
    free_victim(0);
    size_t value = below(3) ? below(256) : 0;
    for (size_t i = 0; i < child.victim.bytes && i < MIB; i++)
        write_byte(child.victim.block + i, value);
}

/* What a program writes that believes the block to be an element of its own lists. */
static void write_pointers_to_freed(void)
{
    static _Alignas(16) char target[64];
    free_victim(0);
    const struct slot *live = &child.slots[below(SLOTS)];
    char *const pointers[] = {target, child.victim.block, live->block, child.victim.block - 16,
                              (char *)the_heap + 16 * below(1000)};
    uintptr_t pointer = (uintptr_t)pointers[below(sizeof pointers / sizeof pointers[0])];
    if (live->block && live->bytes >= 16 && below(2)) {
        write_word(live->block, (uintptr_t)live->block);
        write_word(live->block + 8, (uintptr_t)live->block);
    }
    write_word(child.victim.block, pointer);
    if (below(2))
        write_word(child.victim.block + 8, pointer);
}

/* Just freed, a block is the next one of its size that is handed out. */
static void write_to_freed_links_then_take(void)
{
    choose_victim_in_a_region(0);
    size_t bytes = child.victim.bytes;
    dropin_free(child.victim.block);
    flip(child.victim.block, 16);
    for (size_t i = 0; i < 300; i++) {
        char *block = dropin_malloc(bytes);
        if (block)
            write_byte(block, 1);
    }
}

static const struct crime {
    const char *name;
    void (*commit)(void);
    bool must_be_stopped; /* of the others the rate is printed */
} crimes[] = {
    {"double free at once", double_free_at_once, true},
    {"double free after other frees", double_free_after_frees, true},
    {"double free later", double_free_later, true},
    {"interior pointer", free_interior, true},
    {"interior pointer after growth", free_interior_after_growth, true},
    {"misaligned pointer", free_misaligned, true},
    {"foreign pointer", free_foreign, true},
    {"pointer to the heap itself", free_heap_itself, true},
    {"overflow by 1 to 64, then free", overflow_then_free, true},
    {"overflow by 1 to 64, never freed", overflow_then_live_on, false},
    {"underflow by 1 to 8, then free", underflow_then_free, true},
    {"flipped bit of the header", flip_bit_then_free, true},
    {"flipped bit of the header above", flip_bit_above_then_free, true},
    {"flipped bit of a freed header", flip_bit_of_freed, false},
    {"flipped bit before a huge block", flip_bit_of_huge, true},
    {"write anywhere to freed", write_anywhere_to_freed, false},
    {"write to freed links", write_to_freed_links, false},
    {"flipped bit of freed links", flip_bit_of_freed_links, false},
    {"fill of freed", fill_freed, false},
    {"pointers written to freed", write_pointers_to_freed, false},
    {"flipped link, then the same size", write_to_freed_links_then_take, false},
};

enum { CRIMES = sizeof crimes / sizeof crimes[0] };

/* ---- trying one ---- */

enum outcome { STOPPED, UNNOTICED, NOT_APPLIED, WRONG };

static void *commit(void *crime)
{
    ((const struct crime *)crime)->commit();
    return NULL;
}

/* Now and then in another thread than the one that allocated. */
static void commit_somewhere(const struct crime *crime)
{
    pthread_t thread;
    if (below(4) == 0 && pthread_create(&thread, NULL, commit, (void *)(uintptr_t)crime) == 0)
        pthread_join(thread, NULL);
    else
        crime->commit();
}

static noreturn void run_child(const struct crime *crime, const char *spec, uint64_t seed,
                               uintptr_t secret, int error_file)
{
    alarm(SECONDS);
    for (int number = 1; number < 32; number++)
        signal(number, SIG_DFL);
    dup2(error_file, STDERR_FILENO);
    setenv("HEAP_OPTIONS", spec, 1);
    heap_secret = secret;
    child.random = seed * 2 + 1;
    for (int i = 0; i < 8; i++)
        heap_test_random(&child.random);
    live_on(10 + below(HISTORY));
    commit_somewhere(crime);
    live_on(AFTERMATH);
    for (size_t i = 0; i < SLOTS; i++)
        if (child.slots[i].block)
            give(&child.slots[i]);
    _exit(0);
}

static bool names_a_crime(const char *line)
{
    static const char *const kinds[] = {"misaligned pointer", "foreign pointer", "double free",
                                        "overwritten header", "overwritten links"};
    char kind[32];
    unsigned long long address;
    int end = 0;
    if (sscanf(line, "heap: %31[a-z ]: 0x%llx: %*[^\n]%n", kind, &address, &end) != 2 || end == 0 ||
        strcmp(line + end, "\n") != 0)
        return false;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kind, kinds[i]) == 0)
            return true;
    return false;
}

static enum outcome outcome_of(int status, const char *line)
{
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && names_a_crime(line))
        return STOPPED;
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && line[0] == '\0')
        return UNNOTICED;
    if (WIFEXITED(status) && WEXITSTATUS(status) == DOES_NOT_APPLY && line[0] == '\0')
        return NOT_APPLIED;
    return WRONG;
}

static void read_all(int file, char *text, size_t text_bytes)
{
    size_t length = 0;
    ssize_t got;
    char rest[256];
    while ((got = length + 1 < text_bytes ? read(file, text + length, text_bytes - 1 - length)
                                          : read(file, rest, sizeof rest)) > 0)
        length += length + 1 < text_bytes ? (size_t)got : 0;
    text[length] = '\0';
}

static enum outcome try_once(const struct crime *crime, const char *spec, uint64_t seed,
                             uintptr_t secret)
{
    static char text[20000];
    int pipe_ends[2], status;
    assert_int_equal(pipe(pipe_ends), 0);
    pid_t process = fork();
    assert_true(process >= 0);
    if (process == 0)
        run_child(crime, spec, seed, secret, pipe_ends[1]);
    close(pipe_ends[1]);
    read_all(pipe_ends[0], text, sizeof text);
    close(pipe_ends[0]);
    assert_int_equal(waitpid(process, &status, 0), process);
    enum outcome outcome = outcome_of(status, text);
    if (outcome == WRONG)
        print_message("\"%s\" %s, seed %llu: status %#x, \"%s\"\n", spec, crime->name,
                      (unsigned long long)seed, (unsigned)status, text);
    return outcome;
}

/* A seal of 16 bits fits by accident once in 65536 times, and under two keys once in 4 billion. */
static enum outcome try_crime(const struct crime *crime, const char *spec, uint64_t seed)
{
    enum outcome outcome = try_once(crime, spec, seed, UINT64_C(0x5bf03635e3a1c897));
    if (outcome == UNNOTICED && crime->must_be_stopped)
        outcome = try_once(crime, spec, seed, UINT64_C(0xa24baed4963ee407));
    if (outcome == UNNOTICED && crime->must_be_stopped)
        print_message("\"%s\" %s, seed %llu: was not stopped\n", spec, crime->name,
                      (unsigned long long)seed);
    return outcome;
}

static bool is_wanted(const struct crime *crime)
{
    const char *name = getenv("HEAP_TEST_CRIME");
    return !name || strcmp(name, crime->name) == 0;
}

static unsigned count_of[CRIMES][WRONG + 1];

static void commit_crimes(const char *spec, uint64_t times)
{
    uint64_t first_seed = heap_test_number("HEAP_TEST_SEED", 20250301);
    for (size_t i = 0; i < CRIMES; i++)
        for (uint64_t k = 0; k < times && is_wanted(&crimes[i]); k++)
            count_of[i][try_crime(&crimes[i], spec, first_seed + k)]++;
}

static void print_rates(void)
{
    print_message("%-34s %9s %9s\n", "crime", "committed", "stopped");
    for (size_t i = 0; i < CRIMES; i++) {
        const unsigned *count = count_of[i];
        unsigned committed = count[STOPPED] + count[UNNOTICED] + count[WRONG];
        print_message("%-34s %9u %8.1f%%%s\n", crimes[i].name, committed,
                      100.0 * count[STOPPED] / (committed ? committed : 1),
                      crimes[i].must_be_stopped ? "  must be all" : "");
    }
}

static void assert_no_miss(void)
{
    print_rates();
    for (size_t i = 0; i < CRIMES; i++) {
        assert_int_equal(count_of[i][WRONG], 0);
        assert_true(!is_wanted(&crimes[i]) || count_of[i][STOPPED] > 0);
        assert_true(!crimes[i].must_be_stopped || count_of[i][UNNOTICED] == 0);
    }
    memset(count_of, 0, sizeof count_of);
}

static void crimes_against_the_default_are_stopped(void **state)
{
    (void)state;
    commit_crimes("", heap_test_number("HEAP_TEST_OPS", 60));
    assert_no_miss();
}

static void crimes_on_every_rung_are_stopped(void **state)
{
    (void)state;
    for (size_t i = 0; i < HEAP_TEST_SPECS; i++)
        commit_crimes(heap_test_specs[i], heap_test_number("HEAP_TEST_OPS", 60) / 12);
    assert_no_miss();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crimes_against_the_default_are_stopped),
        cmocka_unit_test(crimes_on_every_rung_are_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
