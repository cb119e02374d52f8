// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

// An application imports only `MCPAuth` and also needs the model and the enumerations that configure verification.
@_exported public import MCPAuthCore
@_exported public import MCPAuthJOSE
@_exported public import MCPAuthVerification
