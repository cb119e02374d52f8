#define _GNU_SOURCE
#include "processors.h"

#ifdef __linux__
#include <sched.h>
#include <stddef.h>

// More than Linux supports on any architecture.
enum { most_processors = 16384 };

int mcp_usable_processors(void) {
    cpu_set_t *set = CPU_ALLOC(most_processors);
    if (set == NULL) return 0;
    size_t size = CPU_ALLOC_SIZE(most_processors);
    int count = sched_getaffinity(0, size, set) == 0 ? CPU_COUNT_S(size, set) : 0;
    CPU_FREE(set);
    return count;
}
#else
int mcp_usable_processors(void) {
    return 0;
}
#endif
