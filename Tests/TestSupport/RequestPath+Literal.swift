// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore

extension RequestPath: ExpressibleByStringLiteral {
    /// A path from a literal in a test.
    package init(stringLiteral value: String) {
        guard let path = RequestPath(value) else { preconditionFailure("`\(value)` is not a path that is accepted") }
        self = path
    }
}
