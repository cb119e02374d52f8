// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
package import MCPAuthCore

/// What a request wants, as policy tests and `explain` write it.
///
/// `tools/call:create_note` is an MCP method with what it acts on, `ping` one that acts on nothing; `@response`,
/// `@stream` and `@session-end` are the messages without a method, `@unknown` one that cannot be read; `GET /items` is
/// plain HTTP.
package struct PolicyCall: Sendable, Hashable {
    package let operation: MCPAuthCore.Operation
    let method: HTTPRequest.Method
    /// `nil` for MCP, which is sent to the path of the resource.
    let path: String?

    /// Whether only the body of the request tells.
    var isInBody: Bool { path == nil && method == .post }

    /// `nil` when the text is none of these forms.
    package init?(_ text: String) {
        let words = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        if words.count == 2 {
            // Servers cut off the query, and refuse a path that could be read in two ways.
            let path = String(words[1].prefix { $0 != "?" })
            guard RequestPath.canonical(path) != nil, let method = HTTPRequest.Method(String(words[0])) else {
                return nil
            }
            self.init(.http, method, path: path)
            return
        }
        switch text {
        case "@unknown": self.init(.unknown, .post)
        case "@stream": self.init(.mcp([.stream]), .get)
        case "@session-end": self.init(.mcp([.sessionEnd]), .delete)
        default:
            guard let message = Self.message(text) else { return nil }
            self.init(.mcp([message]), .post)
        }
    }

    /// A batch of MCP messages; `nil` when one is none.
    package init?(batch texts: [String]) {
        let messages = texts.compactMap(Self.message)
        guard messages.count == texts.count else { return nil }
        self.init(.mcp(messages), .post)
    }

    private init(_ operation: MCPAuthCore.Operation, _ method: HTTPRequest.Method, path: String? = nil) {
        self.operation = operation
        self.method = method
        self.path = path
    }

    /// The request of a client that has this token.
    package func request(of token: [UInt8], at resource: ProtectedResource) -> ProtectedResourceRequest {
        ProtectedResourceRequest(
            method: method,
            authority: nil,
            path: path ?? resource.identifier.url.path,
            credentials: .bearer(AccessToken(bytes: token)),
            operation: resource.speaksMCP ? operation : .http
        )
    }

    private static func message(_ text: String) -> MCPMessage? {
        if text == "@response" { return .response }
        guard !text.isEmpty, !text.hasPrefix("@"), !text.contains(" ") || text.contains(":") else { return nil }
        guard let colon = text.firstIndex(of: ":") else { return .call(method: text, name: nil) }
        return .call(method: String(text[..<colon]), name: String(text[text.index(after: colon)...]))
    }
}
