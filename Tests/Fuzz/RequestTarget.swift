// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuthCore
import MCPAuthHTTP
import MCPAuthJSON

/// Requests: the `Authorization` fields, the path, the `Mcp-*` fields and the MCP body.
///
/// An input looks like a request: method and target, fields line by line, an empty line, the body.
struct RequestTarget: FuzzTarget {
    private static let fieldNames = ["Mcp-Method", "Mcp-Name", "MCP-Protocol-Version"]
    private static let limits = JSONDocument.Limits(bytes: MCPMessageReading.maximumBodyBytes, depth: 256)

    static func seeds() throws -> [[UInt8]] {
        let bodies = [
            #"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2026-07-28"}}"#,
            #"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#, #"{"jsonrpc":"2.0","id":"x","result":{}}"#,
            #"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"create_note","arguments":{"a":[1]}}}"#,
            #"{"jsonrpc":"2.0","id":2,"method":"resources/read","params":{"uri":"file:///a"}}"#,
            #"[{"jsonrpc":"2.0","method":"notifications/cancelled"},{"jsonrpc":"2.0","id":3,"method":"prompts/get"}]"#,
            #"{"jsonrpc":"2.0","id":1,"Method":"ping","method":"ping"}"#, "[]", "",
            #"{"id":18446744073709551616,"method":"tools/call","params":{"name":"a","arguments":{"x":"\u0000","y":1e400}}}"#,
            #"{"jsonrpc":"2.0","id":null,"method":"tasks/get","params":{"taskId":"t","task\u0000":"\ud800"}}"#,
        ]
        let version = "io.modelcontextprotocol/protocolVersion"
        let versioned = #"{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"\#(version)":"2026-07-28"}}}"#
        let heads = [
            "POST /mcp\nAuthorization: Bearer abc.def.ghi\n", "POST /mcp?a=b\nauthorization: bearer  x\n",
            "POST /mcp\nAuthorization: Basic dXNlcjpw\nMcp-Method: tools/call\nMcp-Name: create_note\n",
            "POST /mcp\nMCP-Protocol-Version: 2026-07-28\nMcp-Method: tools/call\nMcp-Name: =?base64?Y3JlYXRl?=\n",
            "POST /a%2Fb/../c\nAuthorization: Bearer a, Bearer b\nAuthorization: Bearer c\n",
        ]
        let posted = heads.flatMap { head in (bodies + [versioned]).map { Array("\(head)\n\($0)") } }
        let attacks = try Seeds.tokens().prefix(20).map { Array("POST /mcp\nAuthorization: Bearer ") + $0 + [10, 10] }
        return posted + attacks + [Array("GET /mcp\n\n"), Array("DELETE /mcp\nAuthorization: \n\n")]
    }

    func check(_ input: [UInt8]) {
        let message = RawMessage(input)
        checkCredentials(message.values(of: "authorization"))
        guard let request = message.request() else { return }
        checkCredentials(request.headerFields[values: .authorization])
        checkPath(request)
        switch MCPMessageReading.read(request, body: message.body) {
        case .operation(let operation):
            checkOperation(operation, request, message.body)
            if case .passed(let read) = RequestReading.read(request) {
                promise(read.method == request.method, "the method is that of the request")
            }
        case .refused(.headerMismatch, _):
            let isClaimed = Self.fieldNames.contains { !request.values(of: $0).isEmpty }
            promise(isClaimed || Self.namesVersion(message.body), "something was said that can be contradicted")
        case .refused(let reason, _): checkRefusal(reason, message.body)
        }
    }

    /// Compares a refusal with the reader that builds a tree.
    private func checkRefusal(_ reason: Denial.Reason, _ body: [UInt8]) {
        let root = try? JSONDocument(parsing: body, limits: Self.limits).root
        switch reason {
        case .malformedBody:
            // The readers may differ about names that cannot be represented; such a name has a backslash.
            promise(root == nil || body.contains(UInt8(ascii: "\\")), "only what is not JSON is malformed")
        case .invalidMessage, .batchTooLarge: promise(root != nil, "what is not a message is JSON")
        default: fatalError("broken promise: there is no other reason")
        }
    }

    /// Compares the credentials with a second implementation of the grammar.
    private func checkCredentials(_ fields: [String]) {
        guard case .bearer(let token) = RequestReading.credentials(fields) else { return }
        promise(fields.count == 1, "one field has the token")
        let field = Array(fields[0])
        let scheme = field.prefix(6).map { $0 | 0x20 }
        promise(scheme == Array("bearer") && field.dropFirst(6).first == 0x20, "the scheme is Bearer")
        promise(field.suffix(token.bytes.count) == token.bytes[...], "the token ends the field")
        promise(field.dropFirst(6).dropLast(token.bytes.count).allSatisfy { $0 == 0x20 }, "after spaces")
        promise(!token.bytes.isEmpty && token.bytes.allSatisfy { (0x21...0x7E).contains($0) }, "in visible ASCII")
        promise(!token.bytes.contains(UInt8(ascii: ",")), "and is not two")
    }

    private func checkPath(_ request: HTTPRequest) {
        let path = RequestReading.path(of: request)
        guard let canonical = RequestPath.canonical(path) else { return }
        promise(RequestPath.canonical(canonical)?.isIdentical(to: canonical) ?? false, "there is one spelling")
        let target = Array(request.path ?? "")
        promise(target.prefix { $0 != UInt8(ascii: "?") }.elementsEqual(path.utf8), "a path ends before the query")
        let segments = path.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let isDotted = segments.contains { $0.elementsEqual(".".utf8) || $0.elementsEqual("..".utf8) }
        promise(path.utf8.first == UInt8(ascii: "/") && !isDotted, "a canonical path goes down only")
        promise(!segments.dropLast().contains { $0.isEmpty }, "and has no empty segment inside")
    }

    private func checkOperation(_ operation: RequestOperation, _ request: HTTPRequest, _ body: [UInt8]) {
        guard request.method == .post else {
            promise(!operation.hasCall, "only a POST calls")
            return
        }
        guard case .mcp(let messages) = operation else {
            promise(operation == .unknown, "a POST is MCP or not known")
            return
        }
        guard let root = try? JSONDocument(parsing: body, limits: Self.limits).root else {
            fatalError("broken promise: what is known was read")
        }
        let elements = root.array ?? [root]
        promise(!messages.isEmpty && messages.count == elements.count, "every message is there")
        for (message, element) in zip(messages, elements) {
            guard case .call(let method, let name, let arguments) = message else { continue }
            if let arguments, arguments != .none {
                let own = Array(arguments.text[arguments.range])
                let read = try? JSONDocument(parsing: own, limits: Self.limits).root
                let expected = element["params"]?["arguments"].map(JSON.init)
                promise(read.map(JSON.init) == expected, "the arguments are those of the body")
            }
            promise(element["method"]?.isString(method) ?? false, "the method is that of the body")
            let named = ["name", "uri", "taskId"].contains { member in
                name.map { element["params"]?[member]?.isString($0) ?? false } ?? true
            }
            promise(named, "so is the name")
        }
        checkFields(request, messages, isBatch: root.kind == .array)
        for version in elements.compactMap(Self.version) {
            let fields = request.values(of: "MCP-Protocol-Version")
            promise(fields.count == 1 && fields[0].isIdentical(to: version), "the revision is that of the body")
        }
    }

    private static let versionMember = "io.modelcontextprotocol/protocolVersion"

    /// The revision that a message names.
    private static func version(_ message: JSONView) -> String? {
        message["params"]?["_meta"]?[versionMember]?.string
    }

    /// Whether the body may name a revision: an escape could hide one.
    private static func namesVersion(_ body: [UInt8]) -> Bool {
        let hasEscapes = body.contains(UInt8(ascii: "\\"))
        return hasEscapes || body.firstRange(of: Array(versionMember.utf8)) != nil
    }

    /// The decision is about the call that a proxy reads in the fields.
    private func checkFields(_ request: HTTPRequest, _ messages: [MCPMessage], isBatch: Bool) {
        let methods = request.values(of: "Mcp-Method")
        let names = request.values(of: "Mcp-Name")
        guard !methods.isEmpty || !names.isEmpty else { return }
        promise(methods.count <= 1 && names.count <= 1 && !isBatch, "a field is there once, for one message")
        guard case .call(let method, let name, _) = messages[0] else {
            fatalError("broken promise: fields name a call")
        }
        promise(methods.allSatisfy { $0.isIdentical(to: method) }, "the method of the field is that of the body")
        promise(names.isEmpty || name != nil, "a name is claimed only for what has one")
        for claimed in names where !claimed.hasPrefix("=?base64?") {
            promise(name?.isIdentical(to: claimed) ?? false, "the name of the field is that of the body")
        }
    }
}

extension RequestOperation {
    fileprivate var hasCall: Bool {
        guard case .mcp(let messages) = self else { return false }
        return messages.contains { if case .call = $0 { true } else { false } }
    }
}

extension HTTPRequest {
    fileprivate func values(of name: String) -> [String] {
        HTTPField.Name(name).map { headerFields[values: $0] } ?? []
    }
}
