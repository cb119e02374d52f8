// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

@_exported public import MCPAuthCore
@_exported public import MCPAuthJSON
