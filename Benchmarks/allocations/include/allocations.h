// Counts what the process allocates, for benchmarks.
#ifndef MCP_AUTH_ALLOCATIONS_H
#define MCP_AUTH_ALLOCATIONS_H

#include <stdint.h>

/// The number of allocations since the process began.
uint64_t mcp_allocations(void);

/// Begins to count bytes anew, or stops.
void mcp_track_allocations(int isOn);

/// The most bytes that were allocated at once since counting began, less those freed meanwhile.
int64_t mcp_allocated_peak(void);

#endif
