// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore

/// What one connection, and all connections of a listener, may take.
package struct ConnectionLimits: Sendable {
    /// The maximum seconds between two requests.
    ///
    /// Longer than proxies keep idle connections, so that none sends a request on one that was just closed here.
    package var idleSeconds = 75.0
    /// The maximum seconds for the head of a request, from its first byte.
    package var headSeconds = 10.0
    /// The maximum length of the head of a request, in bytes.
    ///
    /// The whole head must be read, so that a client whose token is too long gets a response that says so.
    package var headBytes = Self.headBytes(tokenBytes: Int(NumberSetting.tokenBytes.standard))
    /// The maximum seconds for its body.
    package var bodySeconds = 30.0
    /// The maximum seconds for its response, longer than any decision may take.
    package var answerSeconds = 60.0
    /// The maximum number of open connections.
    package var connections = 10_000

    package init() {}

    /// The maximum length of a head where a token may have this many bytes.
    package static func headBytes(tokenBytes: Int) -> Int { 80 * 1024 + tokenBytes }
}
