// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import HTTPTypes
package import MCPAuthCore
internal import MCPAuthJSON

/// Reads which MCP operation a request carries, from its body and its `Mcp-*` fields.
///
/// The body decides; the fields must agree with it (MCP 2026-07-28, Request Metadata). Member names are exact:
/// duplicates, NUL and names that differ only in case make the operation unknown, because another parser might see
/// another operation.
package enum MCPMessageReading {
    package enum Result: Sendable, Equatable {
        case operation(Operation)
        /// A field contradicts the body, or one that this revision demands is missing.
        case headerMismatch
    }

    /// The largest body that is read, in bytes.
    package static let maximumBodyBytes = 1024 * 1024

    /// Whether the body must be read to know the operation.
    package static func needsBody(_ method: HTTPRequest.Method) -> Bool {
        method == .post
    }

    package static func read(_ request: HTTPRequest, body: [UInt8]) -> Result {
        switch request.method {
        case .get, .head: return .operation(.mcp([.stream]))
        case .delete: return .operation(.mcp([.sessionEnd]))
        case .post: break
        default: return .operation(.unknown)
        }
        let limits = JSONDocument.Limits(bytes: maximumBodyBytes, depth: 256)
        guard let root = try? JSONDocument(parsing: body, limits: limits).root else { return .operation(.unknown) }
        let elements = root.array ?? [root]
        let messages = elements.compactMap(message)
        let versions = elements.compactMap(protocolVersion)
        guard !messages.isEmpty, messages.count == elements.count else { return .operation(.unknown) }
        let headers = MCPHeaders(request.headerFields)
        guard headers.agree(with: messages, isBatch: root.kind == .array), headers.agree(withVersions: versions) else {
            return .headerMismatch
        }
        return .operation(.mcp(messages))
    }

    /// One JSON-RPC message; `nil` when it is none or could be read in two ways.
    private static func message(_ value: JSONValue) -> MCPMessage? {
        guard hasExactNames(value, ["jsonrpc", "id", "method", "params", "result", "error"]) else { return nil }
        guard let method = value["method"] else {
            return value["result"] != nil || value["error"] != nil ? .response : nil
        }
        guard let name = method.string, name.utf8.count <= longestName, value["result"] == nil, value["error"] == nil
        else { return nil }
        guard let member = MCPHeaders.nameMember(of: name) else { return .call(method: name, name: nil) }
        guard let parameters = value["params"] else { return .call(method: name, name: nil) }
        guard hasExactNames(parameters, ["name", "uri"]) else { return nil }
        return .call(method: name, name: parameters[member]?.string.flatMap { $0.utf8.count > longestName ? nil : $0 })
    }

    /// A longer name or method is as good as none: no server has one, and patterns would be matched against it.
    private static let longestName = 4096

    /// The revision that a message says it follows.
    private static func protocolVersion(_ value: JSONValue) -> String? {
        value["params"]?["_meta"]?["io.modelcontextprotocol/protocolVersion"]?.string
    }

    /// Whether no member name differs from one of `names` in case only, in either direction: some parsers fold U+017F to
    /// `s` and U+212A to `k`.
    private static func hasExactNames(_ value: JSONValue, _ names: Set<String>) -> Bool {
        guard let members = value.members else { return false }
        return members.allSatisfy { member in
            if names.contains(where: member.name.isExactly) { return true }
            let (lower, upper) = (member.name.lowercased(), member.name.uppercased())
            return !names.contains { $0 == lower || $0.uppercased() == upper }
        }
    }
}

/// The `Mcp-*` fields of a request (MCP 2026-07-28, Standard Request Headers).
struct MCPHeaders {
    private let fields: HTTPFields

    init(_ fields: HTTPFields) {
        self.fields = fields
    }

    /// The parameter that names what a method acts on; `nil` for methods that act on nothing named.
    static func nameMember(of method: String) -> String? {
        switch method {
        case "tools/call", "prompts/get": "name"
        case "resources/read", "resources/subscribe", "resources/unsubscribe": "uri"
        default: nil
        }
    }

    /// Whether the fields say what the body says; fields that are absent agree unless the revision demands them.
    func agree(with messages: [MCPMessage], isBatch: Bool) -> Bool {
        let methods = values("Mcp-Method")
        let names = values("Mcp-Name")
        guard methods.count <= 1, names.count <= 1 else { return false }
        guard !isBatch, case .call(let method, let name) = messages.first else {
            return methods.isEmpty && names.isEmpty
        }
        let demanded = (values("MCP-Protocol-Version").first ?? "") >= "2026-07-28"
        if let claimed = methods.first {
            guard claimed.isExactly(method) else { return false }
        } else if demanded {
            return false
        }
        if let claimed = names.first {
            guard let name, let decoded = Self.decoded(claimed) else { return false }
            return decoded.isExactly(name)
        }
        let mustBeNamed = ["tools/call", "prompts/get", "resources/read"].contains(method)
        return !(demanded && mustBeNamed)
    }

    /// Whether the revision of the field is the one that the messages say they follow (MCP 2026-07-28, Request
    /// Metadata); older revisions say none.
    func agree(withVersions versions: [String]) -> Bool {
        let fields = values("MCP-Protocol-Version")
        return fields.count <= 1 && versions.allSatisfy { version in fields.first.map(version.isExactly) ?? false }
    }

    private func values(_ name: String) -> [String] {
        HTTPField.Name(name).map { fields[values: $0] } ?? []
    }

    /// Undoes the `=?base64?…?=` form that carries values outside printable ASCII; `nil` when it is broken.
    static func decoded(_ value: String) -> String? {
        guard value.hasPrefix("=?base64?") else { return value }
        guard value.hasSuffix("?="), value.utf8.count >= 11 else { return nil }
        return base64Decoded(value.utf8.dropFirst(9).dropLast(2)).flatMap { String(validating: $0, as: UTF8.self) }
    }

    private static func base64Decoded(_ text: Substring.UTF8View.SubSequence) -> [UInt8]? {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        let content = text.prefix { $0 != UInt8(ascii: "=") }
        let padding = text.count - content.count
        guard text.count % 4 == 0, padding <= 2, text.dropFirst(content.count).allSatisfy({ $0 == UInt8(ascii: "=") })
        else { return nil }
        var bytes: [UInt8] = []
        var buffer: UInt32 = 0
        var bits: UInt32 = 0
        for character in content {
            guard let value = alphabet.firstIndex(of: character) else { return nil }
            buffer = buffer << 6 | UInt32(value)
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: buffer >> bits))
            }
        }
        return bytes
    }
}
