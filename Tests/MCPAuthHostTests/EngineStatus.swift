// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if AsyncHTTPClient
import HTTPTypes
import MCPAuthCore

@testable import MCPAuth

extension MCPAuth {
    /// What a request with a token to the resource `https://api.example.com/x` is answered.
    func status(of token: String) async -> Int {
        let request = ProtectedResourceRequest(
            method: .post,
            authority: "api.example.com",
            path: "/x",
            credentials: .bearer(AccessToken(bytes: Array(token.utf8)))
        )
        switch await engine.authorize(request, now: .now()) {
        case .allow: return 200
        case .deny(let denial): return denial.status
        }
    }
}
#endif
