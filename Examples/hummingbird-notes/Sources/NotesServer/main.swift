// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Hummingbird
import MCPAuth
import Notes

let server = AuthorizationServer(issuer: "https://login.example.com/realms/notes", discovery: .oidc)
let mcpAuth = try MCPAuth(Protection.configuration(trusting: server))
try await Application(router: try notesRouter(mcpAuth)).runService()
