// Which processor the calling thread runs on; the C library offers it as an extension that Swift does not import.
#ifndef MCP_AUTH_PROCESSOR_H
#define MCP_AUTH_PROCESSOR_H

/// The number of the processor, or a negative number where it cannot be told.
int mcp_current_processor(void);

#endif
