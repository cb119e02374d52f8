// The processor that runs the calling thread: `sched_getcpu` is a GNU extension, which Swift does not import.
#ifndef MCP_AUTH_PROCESSOR_H
#define MCP_AUTH_PROCESSOR_H

/// The number of the processor, or a negative number where it is unknown.
int mcp_current_processor(void);

#endif
