#include "traces/record/record_threads.h"

#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file in memory, of which nothing is taken for granted. */
struct image {
    const unsigned char *bytes;
    uint64_t count;
};

/* Copies a record out; false when the file does not have it. */
static bool copy_at(const struct image *image, uint64_t offset, void *record, size_t bytes)
{
    if (offset > image->count || bytes > image->count - offset)
        return false;
    memcpy(record, image->bytes + offset, bytes);
    return true;
}

static bool section_at(const struct image *image, const Elf64_Ehdr *header, uint64_t index,
                       Elf64_Shdr *section)
{
    return index < header->e_shnum &&
           copy_at(image, header->e_shoff + index * sizeof *section, section, sizeof *section);
}

static bool starts_threads(const struct image *image, uint64_t name_offset)
{
    static const char *const starters[] = {"pthread_create", "thrd_create"};
    for (size_t i = 0; i < sizeof starters / sizeof *starters; i++) {
        char name[sizeof "pthread_create"];
        size_t bytes = strlen(starters[i]) + 1;
        if (copy_at(image, name_offset, name, bytes) && memcmp(name, starters[i], bytes) == 0)
            return true;
    }
    return false;
}

/* Whether a symbol that the table lacks is one that starts threads. */
static bool table_asks(const struct image *image, const Elf64_Shdr *table, const Elf64_Shdr *names)
{
    Elf64_Sym symbol;
    for (uint64_t i = 0; i < table->sh_size / sizeof symbol; i++) {
        if (!copy_at(image, table->sh_offset + i * sizeof symbol, &symbol, sizeof symbol))
            return false;
        if (symbol.st_shndx == SHN_UNDEF &&
            starts_threads(image, names->sh_offset + symbol.st_name))
            return true;
    }
    return false;
}

static bool image_asks(const struct image *image)
{
    Elf64_Ehdr header;
    Elf64_Shdr table, names;
    if (!copy_at(image, 0, &header, sizeof header) || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
        return false;
    for (uint64_t i = 0; section_at(image, &header, i, &table); i++)
        if (table.sh_type == SHT_DYNSYM && section_at(image, &header, table.sh_link, &names))
            return table_asks(image, &table, &names);
    return false;
}

bool record_threads_are_likely(const char *executable)
{
    struct stat status;
    int file = open(executable, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    bool likely = false;
    if (fstat(file, &status) == 0 && status.st_size > 0) {
        size_t bytes = (size_t)status.st_size;
        void *mapped = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, file, 0);
        if (mapped != MAP_FAILED) {
            likely = image_asks(&(struct image){mapped, bytes});
            munmap(mapped, bytes);
        }
    }
    close(file);
    return likely;
}
