// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import MCPAuthCore

/// Which fields a resource may name as the field of its tokens.
enum TokenFieldRule {
    /// Fields that have another meaning, or hold more than a token.
    private static let others: Set<String> = [
        "authorization", "connection", "content-length", "content-type", "cookie", "forwarded", "host", "origin",
        "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade",
    ]

    /// Why a name is not allowed; `nil` if it is.
    static func violation(_ name: String) -> String? {
        guard let field = HTTPField.Name(name), !name.hasPrefix(":") else {
            return "`\(name.printable)` is not the name of a header field"
        }
        guard !others.contains(field.canonicalName) else {
            return "`\(name.printable)` has another meaning; leave `token_field` out for `Authorization`"
        }
        return nil
    }
}
