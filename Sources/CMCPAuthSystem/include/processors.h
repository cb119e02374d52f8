// The processors that a process may use: `CPU_COUNT` is a macro, which Swift does not import.
#ifndef MCP_AUTH_PROCESSORS_H
#define MCP_AUTH_PROCESSORS_H

/// The number of processors that the calling thread may run on; 0 if that is not known, as on systems other than Linux.
int mcp_usable_processors(void);

#endif
