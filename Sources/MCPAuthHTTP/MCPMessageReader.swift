// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON

/// Reads the MCP operations from the JSON-RPC messages of one body.
struct MCPMessageReader {
    /// The revision that a message names.
    enum Version: Equatable {
        case none
        case named(String)
        /// The member is not a string that can be represented.
        case unreadable
    }

    private(set) var messages: [MCPMessage] = []
    private(set) var versions: [Version] = []
    /// The number of messages, including those that were not kept.
    private(set) var count = 0
    /// Whether one of the messages is not a JSON-RPC message.
    private(set) var isInvalid = false
    /// Whether a message can be interpreted in two ways, or cannot be interpreted.
    private(set) var isUnknown = false

    /// The maximum length of a name or URI, in bytes.
    ///
    /// Longer ones and methods are not used: no server has them, and patterns would be matched against them.
    private static let longestName = 4096
    private static let versionMember = "io.modelcontextprotocol/protocolVersion"

    /// A value that should be a string.
    private enum Text {
        /// The member is missing, or `null`, which some serialisers write for a member without a value.
        case absent
        case text(String)
        case other
        /// A string that cannot be represented.
        case unrepresentable

        /// The string; `nil` if there is none or it is too long.
        var name: String? {
            guard case .text(let text) = self, text.utf8.count <= longestName else { return nil }
            return text
        }
    }

    private struct Parameters {
        /// The members that can name the object of a method.
        var members: [String: Text] = [:]
        /// Those of them that another parser might read from a different member.
        var ambiguous: Set<String> = []
        var version = Version.none
    }

    private struct Parts {
        var method = Text.absent
        var parameters: Parameters?
        /// Whether `result` or `error` is present, and whether one of them is not `null`.
        var hasOutcome = false
        var saysOutcome = false
        var isAmbiguous = false
    }

    /// Reads one message; messages beyond the limit are only counted.
    mutating func readMessage(_ cursor: inout JSONCursor) throws(JSONParsingError) {
        count += 1
        guard count <= MCPMessageReading.mostMessages, cursor.kind == .object else {
            isInvalid = true
            return try cursor.skip()
        }
        var parts = Parts()
        try cursor.object { member, cursor throws(JSONParsingError) in
            switch Self.meaning(of: member, among: Self.messageMembers) {
            case .one("method"): parts.method = try Self.text(&cursor)
            case .one("params"): parts.parameters = try Self.parameters(&cursor)
            case .one("result"), .one("error"):
                parts.hasOutcome = true
                if cursor.kind != .null { parts.saysOutcome = true }
            case .perhaps: parts.isAmbiguous = true
            case .one, .another: break
            }
        }
        keep(parts)
    }

    private mutating func keep(_ parts: Parts) {
        versions.append(parts.parameters?.version ?? .none)
        switch parts.method {
        case _ where parts.isAmbiguous: isUnknown = true
        case .absent where parts.hasOutcome: messages.append(.response)
        case .absent, .other: isInvalid = true
        case .text, .unrepresentable:
            if parts.saysOutcome {
                isInvalid = true
            } else if let method = parts.method.name {
                keepCall(method, parts.parameters)
            } else {
                isUnknown = true
            }
        }
    }

    private mutating func keepCall(_ method: String, _ parameters: Parameters?) {
        guard let member = MCPMethod.acting(named: method)?.parameter else {
            return messages.append(.call(method: method, name: nil))
        }
        guard let parameters else { return messages.append(.call(method: method, name: nil)) }
        guard !parameters.ambiguous.contains(member) else {
            isUnknown = true
            return
        }
        messages.append(.call(method: method, name: parameters.members[member]?.name))
    }

    /// The relevant members of `params`; `nil` if it is not an object.
    private static func parameters(_ cursor: inout JSONCursor) throws(JSONParsingError) -> Parameters? {
        guard cursor.kind == .object else { return nil }
        var parameters = Parameters()
        try cursor.object { member, cursor throws(JSONParsingError) in
            switch meaning(of: member, among: parameterMembers) {
            case .one("_meta"): parameters.version = try version(&cursor)
            case .one(let name): parameters.members[name] = try text(&cursor)
            case .perhaps(let names): parameters.ambiguous.formUnion(names)
            case .another: break
            }
        }
        return parameters
    }

    private static func version(_ meta: inout JSONCursor) throws(JSONParsingError) -> Version {
        guard meta.kind == .object else { return .none }
        var version = Version.none
        try meta.object { member, cursor throws(JSONParsingError) in
            guard member.text?.isExactly(versionMember) ?? false else { return }
            version =
                switch try text(&cursor) {
                case .absent: .none
                case .text(let name): .named(name)
                case .other, .unrepresentable: .unreadable
                }
        }
        return version
    }

    private static func text(_ cursor: inout JSONCursor) throws(JSONParsingError) -> Text {
        switch cursor.kind {
        case .null:
            try cursor.skip()
            return .absent
        case .string: return try cursor.string().map(Text.text) ?? .unrepresentable
        default:
            try cursor.skip()
            return .other
        }
    }

    private static let messageMembers = ["jsonrpc", "id", "method", "params", "result", "error"]
    private static let parameterMembers = ["name", "uri", "taskId", "_meta"]

    /// How a member name relates to the names that are looked for.
    private enum Meaning {
        case one(String)
        /// Another parser might read it as one of these.
        case perhaps([String])
        case another
    }

    /// Compares a member name with `names`.
    ///
    /// A name is ambiguous if it differs from one of them only in case, in either direction (some parsers fold U+017F
    /// to `s` and U+212A to `k`), or if it contains a NUL, where some parsers end it.
    private static func meaning(of member: JSONCursor.Name, among names: [String]) -> Meaning {
        guard let name = member.text else { return .perhaps(names) }
        // A name of that length cannot be one of `names` in another case.
        guard name.utf8.count <= longestConfusableName else { return .another }
        if let exact = names.first(where: name.isExactly) { return .one(exact) }
        let (lower, upper) = (name.lowercased(), name.uppercased())
        let similar = names.filter { $0.lowercased() == lower || $0.uppercased() == upper }
        return similar.isEmpty ? .another : .perhaps(similar)
    }

    private static let longestConfusableName = 64
}
