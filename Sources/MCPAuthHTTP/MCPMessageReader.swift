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

    /// The body; messages share it.
    let body: [UInt8]
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
        /// `nil` if they are not known.
        var arguments: MCPArguments? = MCPArguments.none
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
            switch Self.messageMembers.match(member) {
            case .perhaps: parts.isAmbiguous = true
            case .another: break
            case .one(let index):
                switch Self.messageMembers.names[index] {
                case "method": parts.method = try Self.text(&cursor)
                case "params": parts.parameters = try parameters(&cursor)
                case "result", "error":
                    parts.hasOutcome = true
                    if cursor.kind != .null { parts.saysOutcome = true }
                default: break
                }
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
        guard let acting = MCPMethod.acting(named: method), let member = acting.parameter else {
            return messages.append(.call(method: method, name: nil))
        }
        guard let parameters else { return messages.append(.call(method: method, name: nil)) }
        guard !parameters.ambiguous.contains(member) else {
            isUnknown = true
            return
        }
        let hasArguments = acting.object == .tool || acting.object == .prompt
        let arguments = hasArguments ? parameters.arguments : nil
        messages.append(.call(method: method, name: parameters.members[member]?.name, arguments: arguments))
    }

    /// The relevant members of `params`; `nil` if it is not an object.
    private func parameters(_ cursor: inout JSONCursor) throws(JSONParsingError) -> Parameters? {
        guard cursor.kind == .object else { return nil }
        var parameters = Parameters()
        let names = Self.parameterMembers.names
        try cursor.object { member, cursor throws(JSONParsingError) in
            switch Self.parameterMembers.match(member) {
            case .perhaps(let similar): parameters.ambiguous.formUnion(similar.map { names[$0] })
            case .another: break
            case .one(let index):
                switch names[index] {
                case "_meta": parameters.version = try Self.version(&cursor)
                case "arguments": parameters.arguments = try arguments(&cursor)
                default: parameters.members[names[index]] = try Self.text(&cursor)
                }
            }
        }
        if parameters.ambiguous.contains("arguments") { parameters.arguments = nil }
        return parameters
    }

    /// The arguments of a call; `nil` if they are not an object.
    ///
    /// Some serialisers write `null` for no arguments.
    private func arguments(_ cursor: inout JSONCursor) throws(JSONParsingError) -> MCPArguments? {
        guard cursor.kind != .null else {
            try cursor.skip()
            return MCPArguments.none
        }
        let (isObject, start) = (cursor.kind == .object, cursor.offset)
        try cursor.skip()
        return isObject ? MCPArguments(body, at: start..<cursor.offset) : nil
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

    private static let messageMembers = MemberNames(["jsonrpc", "id", "method", "params", "result", "error"])
    private static let parameterMembers = MemberNames(["name", "uri", "taskId", "_meta", "arguments"])
}
