// Counts what the process allocates, for benchmarks.
#ifndef MCP_AUTH_ALLOCATIONS_H
#define MCP_AUTH_ALLOCATIONS_H

#include <stdint.h>

/// The number of allocations since the process began.
uint64_t mcp_allocations(void);

#endif
