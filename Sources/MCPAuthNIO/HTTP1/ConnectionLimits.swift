// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore

/// What the client of one connection may take: times in seconds, lengths in bytes.
public struct ConnectionLimits: Sendable {
    /// The maximum seconds between two requests.
    ///
    /// Longer than proxies keep idle connections, so that none sends a request on one that was just closed here.
    public var idleSeconds = 75.0
    /// The maximum seconds for the head of a request, from its first byte.
    public var headSeconds = 10.0
    /// The maximum length of the head of a request, in bytes.
    ///
    /// The whole head must be read, so that a client whose token is too long gets a response that says so. If you let tokens
    /// be longer (`MCPAuthConfiguration.maximumTokenBytes`), raise it by as much.
    public var headBytes = Self.headBytes(tokenBytes: Int(NumberSetting.tokenBytes.standard))
    /// The maximum seconds for the body of a request, with the time in which its handler does not read it.
    public var bodySeconds = 30.0
    /// The maximum seconds from the end of a request until its response is written; `nil` for no limit.
    ///
    /// Event streams need no limit. For as long, or else for `idleSeconds`, a client may take nothing of a response that is
    /// written.
    public var answerSeconds: Double?

    /// The standard limits.
    public init() {}

    /// The maximum length of a head where a token may have this many bytes.
    package static func headBytes(tokenBytes: Int) -> Int { 80 * 1024 + tokenBytes }
}
