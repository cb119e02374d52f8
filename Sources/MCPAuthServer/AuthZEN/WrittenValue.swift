// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthHTTP
internal import MCPAuthJSON

/// A value in the question of a gateway: its bytes as they were written, and its place.
///
/// The decision about the message of a client is made with these bytes. A tree would lose what another parser may see in
/// them, such as a member whose name contains a NUL.
struct WrittenValue: Sendable {
    /// One JSON value; blanks may follow it.
    let text: [UInt8]
    private let kind: JSONView.Kind?
    private let pointer: JSONPointer

    /// A message may be nested as deeply as in the body of a client, inside one of several evaluations.
    private static let limits = JSONDocument.Limits(
        bytes: ProtectedResource.bodyBytes,
        depth: MCPMessageReading.limits.depth + 3
    )

    private init(text: [UInt8], kind: JSONView.Kind?, pointer: JSONPointer) {
        self.text = text
        self.kind = kind
        self.pointer = pointer
    }

    /// Reads a whole text, and refuses duplicate members everywhere in it.
    init(_ text: [UInt8]) throws(EvaluationMistake) {
        let kind: JSONView.Kind?
        do throws(JSONParsingError) {
            var cursor = try JSONCursor(text, limits: Self.limits)
            kind = cursor.kind
            try cursor.skip()
            try cursor.end()
        } catch {
            throw EvaluationMistake(error)
        }
        self.init(text: text, kind: kind, pointer: .root)
    }

    /// The text of a string.
    func string() throws(EvaluationMistake) -> String {
        guard kind == .string else { throw mistake(expected: "a string", found: kindInWords) }
        let string: String?
        do throws(JSONParsingError) {
            var cursor = try JSONCursor(text, limits: Self.limits)
            string = try cursor.string()
        } catch {
            throw EvaluationMistake(error)
        }
        guard let string else {
            throw mistake(expected: "a string of Unicode characters without U+0000", found: "another string")
        }
        return string
    }

    /// The members with these names; all others are ignored, and `null` is the same as no member.
    func object(_ names: [String]) throws(EvaluationMistake) -> WrittenObject {
        guard kind == .object else { throw mistake(expected: "an object", found: kindInWords) }
        var members: [String: WrittenValue] = [:]
        do throws(JSONParsingError) {
            var cursor = try JSONCursor(text, limits: Self.limits)
            try cursor.object { name, cursor throws(JSONParsingError) in
                guard cursor.kind != .null, let written = name.text,
                    let known = names.first(where: { $0.isExactly(written) })
                else { return }
                let (kind, start) = (cursor.kind, cursor.offset)
                try cursor.skip()
                let bytes = Array(text[start..<cursor.offset])
                members[known] = WrittenValue(text: bytes, kind: kind, pointer: pointer.appending(known))
            }
        } catch {
            throw EvaluationMistake(error)
        }
        return WrittenObject(pointer: pointer, members: members)
    }

    /// The elements of an array.
    func elements(atMost most: Int) throws(EvaluationMistake) -> [WrittenValue] {
        guard kind == .array else { throw mistake(expected: "an array", found: kindInWords) }
        var elements: [WrittenValue] = []
        var count = 0
        do throws(JSONParsingError) {
            var cursor = try JSONCursor(text, limits: Self.limits)
            try cursor.array { cursor throws(JSONParsingError) in
                count += 1
                guard count <= most else { return }
                let (kind, start) = (cursor.kind, cursor.offset)
                try cursor.skip()
                let place = pointer.appending(String(count - 1))
                elements.append(WrittenValue(text: Array(text[start..<cursor.offset]), kind: kind, pointer: place))
            }
        } catch {
            throw EvaluationMistake(error)
        }
        guard count <= most else { throw mistake(expected: "at most \(most) elements", found: "\(count)") }
        return elements
    }

    func mistake(expected: String, found: String) -> EvaluationMistake {
        EvaluationMistake(expected: expected, found: found, at: pointer)
    }

    private var kindInWords: String {
        switch kind {
        case .null?: "null"
        case .boolean?: "a boolean"
        case .number?: "a number"
        case .string?: "a string"
        case .array?: "an array"
        case .object?: "an object"
        case .unrepresentable?, nil: "another value"
        }
    }
}

/// Members of an object in the question of a gateway.
struct WrittenObject: Sendable {
    fileprivate let pointer: JSONPointer
    fileprivate let members: [String: WrittenValue]

    subscript(_ name: String) -> WrittenValue? { members[name] }

    /// A member that must be there.
    func required(_ name: String) throws(EvaluationMistake) -> WrittenValue {
        guard let value = members[name] else {
            throw EvaluationMistake(expected: "a member", found: "none", at: pointer.appending(name))
        }
        return value
    }

    /// The same object with members of another one where it has none.
    func completed(by defaults: WrittenObject) -> WrittenObject {
        WrittenObject(pointer: pointer, members: members.merging(defaults.members) { own, _ in own })
    }
}
