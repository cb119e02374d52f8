// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import MCPAuthCore
internal import MCPAuthJSON

/// The `Mcp-*` fields of a request (MCP 2026-07-28, Standard Request Headers).
struct MCPHeaders {
    private let fields: HTTPFields

    init(_ fields: HTTPFields) {
        self.fields = fields
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
        return !(demanded && (MCPMethod.acting(named: method)?.demandsNameField ?? false))
    }

    /// Whether the revision of the field is the one that the messages say they follow (MCP 2026-07-28, Request
    /// Metadata); older revisions say none.
    func agree(withVersions versions: [MCPMessageReader.Version]) -> Bool {
        let fields = values("MCP-Protocol-Version")
        return fields.count <= 1
            && versions.allSatisfy { version in
                switch version {
                case .none: true
                case .named(let name): fields.first.map(name.isExactly) ?? false
                case .unreadable: false
                }
            }
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
