// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import HTTPTypes

/// What a request wants to do, as far as a policy can know it.
public enum RequestOperation: Sendable, Hashable {
    /// Plain HTTP; the method and the path are the operation.
    case http
    /// The MCP messages of the request: one, or several in a batch.
    case mcp([MCPMessage])
    /// An MCP operation that cannot be known; only rules for any target can allow it.
    case unknown
}

extension RequestOperation {
    /// The kind of operation, for logs.
    ///
    /// It leaves out paths, names, URIs and methods that are not known: they come from the client and may contain what
    /// must not be logged.
    package func name(_ method: HTTPRequest.Method) -> String {
        guard case .mcp(let messages) = self, let first = messages.first else {
            return Self.httpMethods.contains(method) ? method.rawValue : Self.anotherMethod
        }
        let name =
            switch first {
            case .call(let method, _, _): MCPMethod.isKnown(method) ? method : Self.anotherMethod
            default: first.description
            }
        return messages.count > 1 ? "\(name) and \(messages.count - 1) more" : name
    }

    private static let anotherMethod = "another method"
    private static let httpMethods: [HTTPRequest.Method] = [
        .get, .head, .post, .put, .patch, .delete, .options, .connect, .trace,
    ]
}

/// One message of an MCP request.
public enum MCPMessage: Sendable, Hashable {
    /// A request or notification: the method and, if it acts on a named object, the name or URI and, for `tools/call`
    /// and `prompts/get`, the arguments; `nil` arguments are not known.
    // Indirect, so that a copy of a message copies one reference.
    indirect case call(method: String, name: String?, arguments: MCPArguments? = nil)
    /// A JSON-RPC response that the client posts.
    case response
    /// The GET that opens the server's event stream.
    case stream
    /// The DELETE that ends a session.
    case sessionEnd
}

extension MCPMessage {
    /// The arguments of a call; `nil` if they are not known, and for other messages.
    package var arguments: MCPArguments? {
        if case .call(_, _, let arguments) = self { return arguments }
        return nil
    }
}

extension MCPMessage: CustomStringConvertible {
    /// The method and the name of its object, such as `tools/call:create_note`, or `@response`, `@stream`,
    /// `@session-end`.
    public var description: String {
        switch self {
        case .call(let method, let name, _): name.map { "\(method):\($0)".printable } ?? method.printable
        case .response: "@response"
        case .stream: "@stream"
        case .sessionEnd: "@session-end"
        }
    }
}
