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

    /// Whether the request names revision 2026-07-28 or a later one.
    var isOfRevision20260728: Bool { (values("MCP-Protocol-Version").first ?? "") >= "2026-07-28" }

    /// The operation that the fields name; unknown if they are missing, repeated or of another revision.
    ///
    /// Only for requests that a server refuses if their body contradicts these fields. The arguments are not known.
    var operation: RequestOperation {
        guard let revision = only("MCP-Protocol-Version"), revision.isExactly("2026-07-28"),
            let method = only("Mcp-Method"), !method.isEmpty
        else { return .unknown }
        guard let acting = MCPMethod.acting(named: method) else {
            return count("Mcp-Name") == 0 ? .mcp([.call(method: method, name: nil)]) : .unknown
        }
        // Servers do not compare the name of other methods, whose object is then not known.
        guard acting.demandsNameField, let name = only("Mcp-Name").flatMap(Self.decoded) else { return .unknown }
        return .mcp([.call(method: method, name: name)])
    }

    /// The only field with this name; `nil` if there is none, or several, also with `_` for `-`, which some servers take
    /// for the same name, or joined by a proxy with a comma.
    private func only(_ name: String) -> String? {
        guard count(name) == 1, let value = values(name).first, !value.utf8.contains(UInt8(ascii: ",")) else {
            return nil
        }
        return value
    }

    private func count(_ name: String) -> Int {
        HTTPField.Name(name).map { name in fields.count { $0.name.isTaken(for: name) } } ?? 0
    }

    /// How the fields contradict the body; `nil` if they agree with it.
    ///
    /// Absent fields agree unless the revision requires them.
    func mismatch(with messages: [MCPMessage], isBatch: Bool) -> Diagnosis? {
        let methods = values("Mcp-Method")
        let names = values("Mcp-Name")
        guard methods.count <= 1 else { return Self.repeated("Mcp-Method", methods.count) }
        guard names.count <= 1 else { return Self.repeated("Mcp-Name", names.count) }
        guard !isBatch, case .call(let method, let name, _) = messages.first else {
            guard methods.isEmpty && names.isEmpty else {
                let what = isBatch ? "a batch" : "a response"
                return Diagnosis("the `Mcp-*` fields", expected: "none with \(what)", found: "some")
            }
            return nil
        }
        let demanded = isOfRevision20260728
        if let claimed = methods.first {
            guard claimed.isExactly(method) else { return Self.differing("Mcp-Method", "`method`") }
        } else if demanded {
            return Self.missing("Mcp-Method")
        }
        if let claimed = names.first {
            guard let name, let decoded = Self.decoded(claimed), decoded.isExactly(name) else {
                return Self.differing("Mcp-Name", "the name in `params`")
            }
        } else if demanded, MCPMethod.acting(named: method)?.demandsNameField ?? false {
            return Self.missing("Mcp-Name")
        }
        return nil
    }

    /// How the revision in the field differs from the revision in the messages; `nil` if they agree (MCP 2026-07-28,
    /// Request Metadata).
    ///
    /// Messages of older revisions name no revision.
    func mismatch(withVersions versions: [MCPMessageReader.Version]) -> Diagnosis? {
        let field = "MCP-Protocol-Version"
        let fields = values(field)
        guard fields.count <= 1 else { return Self.repeated(field, fields.count) }
        // Proxies join the values of repeated fields in this way.
        guard fields.first?.utf8.contains(UInt8(ascii: ",")) != true else { return Self.repeated(field, 2) }
        for version in versions {
            switch version {
            case .none: continue
            case .named(let name):
                guard let named = fields.first else { return Self.missing(field) }
                guard name.isExactly(named) else { return Self.differing(field, "the revision in `_meta`") }
            case .unreadable:
                return Diagnosis("the revision in `_meta`", expected: "a string", found: "something else")
            }
        }
        return nil
    }

    private static func repeated(_ field: String, _ count: Int) -> Diagnosis {
        Diagnosis("field `\(field)`", expected: "one", found: "\(count)")
    }

    private static func missing(_ field: String) -> Diagnosis {
        Diagnosis("field `\(field)`", expected: "the value from the body", found: "nothing")
    }

    private static func differing(_ field: String, _ member: String) -> Diagnosis {
        Diagnosis("field `\(field)`", expected: "the same value as \(member)", found: "another value")
    }

    private func values(_ name: String) -> [String] {
        HTTPField.Name(name).map { fields[values: $0] } ?? []
    }

    /// Decodes the `=?base64?…?=` form of values outside printable ASCII; `nil` if it is malformed.
    static func decoded(_ value: String) -> String? {
        guard value.hasPrefix("=?base64?") else { return value }
        guard value.hasSuffix("?="), value.utf8.count >= 11 else { return nil }
        return Base64.decode(value.dropFirst(9).dropLast(2)).flatMap { String(validating: $0, as: UTF8.self) }
    }
}
