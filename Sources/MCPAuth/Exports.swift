// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

// What an application needs beside `import MCPAuth`: the model, and the enumerations that configure verification.
@_exported public import MCPAuthCore
@_exported public import MCPAuthJOSE
@_exported public import MCPAuthVerification
