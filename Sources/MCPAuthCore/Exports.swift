// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

// JSON values are part of the public signatures here.
@_exported public import MCPAuthJSON
