// Counts what the process allocates, for benchmarks.
#ifndef MCP_AUTH_ALLOCATIONS_H
#define MCP_AUTH_ALLOCATIONS_H

#include <stdint.h>

/// The number of allocations since the process began.
uint64_t mcp_allocations(void);

/// Starts to count bytes from 0, or stops.
void mcp_track_allocations(int isOn);

/// The maximum, since counting began, of the bytes allocated minus the bytes freed.
int64_t mcp_allocated_peak(void);

#endif
