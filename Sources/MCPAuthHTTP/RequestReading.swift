// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import HTTPTypes
package import MCPAuthCore

/// Turns an HTTP request into what the engine decides about: the first stage of every request.
package enum RequestReading {
    /// Reads credentials and target.
    ///
    /// Tokens in the query or the body are not looked at (RFC 6750 section 2.3, MCP 2026-07-28).
    package static func read(_ request: HTTPRequest, operation: Operation) -> ProtectedResourceRequest {
        ProtectedResourceRequest(
            method: request.method,
            authority: request.authority,
            path: path(of: request),
            credentials: credentials(request.headerFields[values: .authorization]),
            operation: operation
        )
    }

    /// The request target up to the query.
    package static func path(of request: HTTPRequest) -> String {
        let target = (request.path ?? "").utf8
        return String(decoding: target.prefix { $0 != UInt8(ascii: "?") }, as: UTF8.self)
    }

    /// Reads the `Authorization` fields (RFC 9110 section 11.6.2, RFC 6750 section 2.1).
    ///
    /// Two fields, two credentials in one field, and a Bearer scheme without exactly one token are malformed: which
    /// of them counts would be for the reader to guess. Another scheme is as good as none.
    package static func credentials(_ fields: [String]) -> ProtectedResourceRequest.Credentials {
        guard let field = fields.first else { return .none }
        guard fields.count == 1 else { return .malformed }
        let bytes = Array(field.utf8)
        let scheme = bytes.prefix { $0 != 0x20 }
        let token = bytes.dropFirst(scheme.count).drop { $0 == 0x20 }
        guard !scheme.contains(UInt8(ascii: ",")), !token.contains(UInt8(ascii: ",")) else { return .malformed }
        guard String(decoding: scheme, as: UTF8.self).lowercased() == "bearer" else { return .none }
        guard !token.isEmpty, token.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return .malformed }
        return .bearer(AccessToken(bytes: Array(token)))
    }
}
