// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore

extension TokenVerdict {
    /// A genuine token with these claims, as JSON text.
    package static func verified(text: String, keptFor seconds: Double = 0) throws -> TokenVerdict {
        .verified(try TokenEvidence(parsing: Array(text.utf8), keptFor: seconds))
    }
}

extension JSON {
    /// A value from a JSON text in a test.
    package init(text: String) {
        guard let value = try? JSON(parsing: Array(text.utf8)) else { preconditionFailure("not JSON: \(text)") }
        self = value
    }

    /// The same value with a text replaced in its JSON text.
    package func replacing(_ old: String, with new: String) -> JSON {
        JSON(text: String(decoding: encoded(), as: UTF8.self).replacing(old, with: new))
    }
}
