// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// What a request wants to do, as far as policy can know it.
public enum RequestOperation: Sendable, Hashable {
    /// Plain HTTP: method and path say it all.
    case http
    /// MCP: every message of the request, one unless it is a batch.
    case mcp([MCPMessage])
    /// The resource speaks MCP, but the message cannot be known; only rules for any target can allow it.
    case unknown
}

/// One message of an MCP request.
public enum MCPMessage: Sendable, Hashable {
    /// A request or notification: the method and, for methods that act on one thing, its name or URI.
    case call(method: String, name: String?)
    /// A JSON-RPC response that the client posts.
    case response
    /// The GET that opens the server's event stream.
    case stream
    /// The DELETE that ends a session.
    case sessionEnd
}

extension MCPMessage: CustomStringConvertible {
    /// The method with the name it acts on, such as `tools/call:create_note`, or `@response`, `@stream`, `@session-end`.
    public var description: String {
        switch self {
        case .call(let method, let name): name.map { "\(method):\($0)".printable } ?? method.printable
        case .response: "@response"
        case .stream: "@stream"
        case .sessionEnd: "@session-end"
        }
    }
}
