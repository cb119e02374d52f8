// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
package import MCPAuthCore
package import MCPAuthJSON
internal import MCPAuthPolicy

/// The operation of a request, as written in policy tests and for `explain`.
///
/// `tools/call:create_note` is an MCP method with the name of what it acts on, and `ping` a method without one.
/// `@response`, `@stream` and `@session-end` are the messages without a method, and `@unknown` is a message that cannot
/// be read. `GET /items` is plain HTTP.
package struct PolicyCall: Sendable, Hashable {
    package let operation: RequestOperation
    let method: HTTPRequest.Method
    /// `nil` for MCP, which is sent to the path of the resource.
    let path: RequestPath?

    /// The form in which it is read, without arguments.
    var text: String {
        switch operation {
        case .http: "\(method.rawValue) \(path.map(\.description) ?? "/")"
        case .unknown: "@unknown"
        case .mcp(let messages): messages.map(\.description).joined(separator: ", ")
        }
    }

    /// Why a text is not a call.
    package struct Mistake: Error, CustomStringConvertible {
        package let description: String
    }

    /// Whether only the body of the request tells what the operation is.
    var isInBody: Bool { path == nil && method == .post }

    /// Reads a call.
    ///
    /// A method that looks like a misspelt one is a mistake: most policies would deny it, so a misspelt test that
    /// expects a denial would pass.
    ///
    /// - Throws: ``Mistake`` when the text has none of these forms, or names such a method.
    ///
    /// - Parameter arguments: The arguments of a `tools/call` or `prompts/get`; `nil` if they are not known.
    package init(reading text: String, arguments: JSON? = nil) throws(Mistake) {
        let words = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        if words.count == 2, !words[0].contains(":") {
            guard arguments == nil else { throw Self.noArguments(text) }
            self = try Self.http(String(words[0]), String(words[1]))
            return
        }
        if text == "@unknown" || text == "@stream" || text == "@session-end", arguments != nil {
            throw Self.noArguments(text)
        }
        switch text {
        case "@unknown": self.init(.unknown, .post)
        case "@stream": self.init(.mcp([.stream]), .get)
        case "@session-end": self.init(.mcp([.sessionEnd]), .delete)
        default: self.init(.mcp([try Self.message(text, arguments)]), .post)
        }
    }

    /// Reads the call of a request that a client sent, whatever its method is.
    ///
    /// - Throws: ``Mistake`` when the text has none of the forms.
    init(recorded text: String) throws(Mistake) {
        let method = text.prefix { $0 != ":" }
        guard !text.hasPrefix("@"), !method.contains(" "), !method.isEmpty else {
            try self.init(reading: text)
            return
        }
        let name = text.dropFirst(method.count + 1)
        let hasName = method.count < text.count
        self.init(.mcp([.call(method: String(method), name: hasName ? String(name) : nil)]), .post)
    }

    /// Reads a batch of MCP messages.
    ///
    /// - Throws: ``BatchMistake`` for the first text that is not a message.
    package init(batch: [(text: String, arguments: JSON?)]) throws(BatchMistake) {
        var messages: [MCPMessage] = []
        for (index, call) in batch.enumerated() {
            do throws(Mistake) {
                messages.append(try Self.message(call.text, call.arguments))
            } catch {
                throw BatchMistake(index: index, mistake: error)
            }
        }
        self.init(.mcp(messages), .post)
    }

    /// Why a batch cannot be read, and the index of the message that is the cause.
    package struct BatchMistake: Error {
        let index: Int
        let mistake: Mistake
    }

    init(_ operation: RequestOperation, _ method: HTTPRequest.Method, path: RequestPath? = nil) {
        self.operation = operation
        self.method = method
        self.path = path
    }

    /// Reads a plain HTTP call as servers do: without the query, and without paths that could be read in two ways.
    private static func http(_ word: String, _ target: String) throws(Mistake) -> PolicyCall {
        let path = String(target.prefix { $0 != "?" })
        guard path.hasPrefix("/"), let method = HTTPRequest.Method(word) else { throw forms }
        guard word.utf8.allSatisfy({ !(0x61...0x7A).contains($0) }) else {
            throw Mistake(description: "`\(word.printable)` is not an HTTP method: methods are upper case")
        }
        guard httpMethods.contains(word) || Suggestion.text(for: word, among: httpMethods).isEmpty else {
            let suggestion = Suggestion.text(for: word, among: httpMethods)
            throw Mistake(description: "`\(word.printable)` is not an HTTP method\(suggestion)")
        }
        guard let read = RequestPath(path) else {
            throw Mistake(description: "the path `\(path.printable)` could be read in two ways, so servers refuse it")
        }
        return PolicyCall(.http, method, path: read)
    }

    static let httpMethods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"]

    private static let forms = Mistake(
        description: "expected a form such as `tools/call:create_note`, `ping`, `@stream` or `GET /items`"
    )

    /// The request of a client with this token.
    package func request(of token: [UInt8], at resource: ProtectedResource) -> ProtectedResourceRequest {
        ProtectedResourceRequest(
            method: method,
            path: path ?? resource.identifier.path,
            credentials: .bearer(AccessToken(bytes: token)),
            operation: resource.speaksMCP ? operation : .http
        )
    }

    private static func noArguments(_ text: String) -> Mistake {
        Mistake(description: "`\(text.printable)` takes no arguments; `tools/call` and `prompts/get` do")
    }

    private static func message(_ text: String, _ arguments: JSON?) throws(Mistake) -> MCPMessage {
        let message = try message(text)
        guard let arguments else { return message }
        guard case .call(let method, let name, _) = message,
            let object = MCPMethod.acting(named: method)?.object, object != .resourceURI
        else { throw noArguments(text) }
        let bytes = arguments.encoded()
        return .call(method: method, name: name, arguments: MCPArguments(bytes, at: 0..<bytes.count))
    }

    private static func message(_ text: String) throws(Mistake) -> MCPMessage {
        if text == "@response" { return .response }
        guard !text.isEmpty, !text.contains(" ") || text.contains(":") else { throw forms }
        guard !text.hasPrefix("@") else {
            let words = ["@response", "@stream", "@session-end", "@unknown"]
            let list = words.map { "`\($0)`" }.joined(separator: ", ")
            let suggestion = Suggestion.text(for: text, among: words)
            throw Mistake(description: "`\(text.printable)` is not a call, expected one of \(list)\(suggestion)")
        }
        let colon = text.firstIndex(of: ":")
        let method = String(text[..<(colon ?? text.endIndex)])
        if let mistake = MCPMethod.mistake(in: method) { throw Mistake(description: mistake) }
        let name = colon.map { String(text[text.index(after: $0)...]) }
        if name != nil, MCPMethod.isKnown(method), MCPMethod.acting(named: method) == nil {
            throw Mistake(description: "`\(method)` takes no name after a `:`")
        }
        if name == nil, let object = MCPMethod.acting(named: method)?.object {
            let example = object == .resourceURI ? "notes://1" : "create_note"
            throw Mistake(description: "`\(method)` needs the name of what it acts on, as in `\(method):\(example)`")
        }
        return .call(method: method, name: name)
    }
}
