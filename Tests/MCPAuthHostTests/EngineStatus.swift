// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if AsyncHTTPClient
import HTTPTypes
import MCPAuthCore

@testable import MCPAuth

extension MCPAuth {
    /// The status for a request with this token to the resource `https://api.example.com/x`.
    func status(of token: String) async -> Int {
        var request = HTTPRequest(method: .get, scheme: "https", authority: "api.example.com", path: "/x")
        request.headerFields[.authorization] = "Bearer \(token)"
        switch await authorize(request) {
        case .allow: return 200
        case .deny(let denial): return denial.status
        }
    }
}
#endif
