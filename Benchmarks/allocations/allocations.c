// Wraps the allocator of the C library and counts allocations; only benchmarks link it.
#include "allocations.h"

#include <stdatomic.h>
#include <stddef.h>

static atomic_uint_fast64_t count;
/// Whether bytes are counted too.
static atomic_int isTracking;
/// Bytes allocated since tracking began minus bytes freed, and the maximum of this.
static atomic_int_fast64_t bytes;
static atomic_int_fast64_t peak;

uint64_t mcp_allocations(void) { return atomic_load_explicit(&count, memory_order_relaxed); }

void mcp_track_allocations(int isOn) {
    if (isOn) {
        atomic_store(&bytes, 0);
        atomic_store(&peak, 0);
    }
    atomic_store(&isTracking, isOn);
}

int64_t mcp_allocated_peak(void) { return atomic_load(&peak); }

#if defined(__GLIBC__)
#include <malloc.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t members, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *block);

static void add(int64_t difference) {
    int64_t now = atomic_fetch_add(&bytes, difference) + difference;
    int64_t most = atomic_load(&peak);
    while (now > most && !atomic_compare_exchange_weak(&peak, &most, now)) {}
}

static void *note(void *block) {
    atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);
    if (atomic_load_explicit(&isTracking, memory_order_relaxed)) add((int64_t)malloc_usable_size(block));
    return block;
}

void *malloc(size_t size) { return note(__libc_malloc(size)); }

void *calloc(size_t members, size_t size) { return note(__libc_calloc(members, size)); }

void *realloc(void *block, size_t size) {
    int64_t before = (int64_t)malloc_usable_size(block);
    void *moved = note(__libc_realloc(block, size));
    // Both blocks exist while one is copied to the other.
    if (atomic_load_explicit(&isTracking, memory_order_relaxed) && (moved || size == 0)) add(-before);
    return moved;
}

void *aligned_alloc(size_t alignment, size_t size) { return note(__libc_memalign(alignment, size)); }

int posix_memalign(void **block, size_t alignment, size_t size) {
    *block = note(__libc_memalign(alignment, size));
    return *block == NULL ? 12 : 0;
}

void free(void *block) {
    if (atomic_load_explicit(&isTracking, memory_order_relaxed)) add(-(int64_t)malloc_usable_size(block));
    __libc_free(block);
}
#endif
