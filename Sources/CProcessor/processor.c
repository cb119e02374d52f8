#define _GNU_SOURCE
#include "processor.h"

#ifdef __linux__
#include <sched.h>
int mcp_current_processor(void) { return sched_getcpu(); }
#else
int mcp_current_processor(void) { return -1; }
#endif
