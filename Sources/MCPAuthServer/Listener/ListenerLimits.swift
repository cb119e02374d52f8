// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthNIO

/// What the clients of a listener may take.
package struct ListenerLimits: Sendable {
    /// The maximum number of open connections.
    package var connections = 10_000
    /// What each connection may take.
    package var connection = ConnectionLimits()

    package init() {
        // Longer than any decision may take.
        connection.answerSeconds = 60
    }

    /// Lets a head have a token of so many bytes.
    package mutating func fit(tokenBytes: Int) {
        connection.headBytes = ConnectionLimits.headBytes(tokenBytes: tokenBytes)
    }
}
