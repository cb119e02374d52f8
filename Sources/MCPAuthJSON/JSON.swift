// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CJansson

/// A JSON value (RFC 8259).
///
/// It can be written as a literal: `["roles": ["reader"], "level": 3]`. Strings and member names are compared as Swift
/// strings, by canonical equivalence; members have no order.
public enum JSON: Hashable, Sendable {
    /// `null`.
    case null
    /// `true` or `false`.
    case boolean(Bool)
    /// A number without fraction and exponent that fits a signed 64-bit integer.
    case integer(Int64)
    /// Every other number.
    case number(Double)
    /// A string.
    case string(String)
    /// An array.
    case array([JSON])
    /// An object.
    case object([String: JSON])
    /// A value that this type cannot represent: a number out of range, or a string with `\u0000` or a lone surrogate.
    ///
    /// The value is present, but its content is unknown. It is encoded as `null`, as is a number that is not finite.
    case unrepresentable

    /// Parses a JSON text of at most 512 KiB, nested at most 32 levels deep, without duplicate member names.
    ///
    /// - Parameter text: The JSON text, in UTF-8.
    /// - Throws: ``JSONParsingError`` when the text is not valid or exceeds a limit.
    public init(parsing text: [UInt8]) throws {
        self.init(try JSONDocument(parsing: text, limits: .fetched).root)
    }

    /// Decodes this value as a `Decodable` type.
    ///
    /// - Throws: `DecodingError`, whose coding path names the value that could not be decoded.
    public func decode<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        try JSONDecoding(self).decode(type)
    }

    /// Copies the value of a view.
    package init(_ value: JSONView) {
        switch value.kind {
        case .null: self = .null
        case .unrepresentable: self = .unrepresentable
        case .boolean: self = .boolean(value.boolean ?? false)
        case .number: self = value.integer.map(JSON.integer) ?? .number(value.number ?? 0)
        case .string: self = .string(value.string ?? "")
        case .array: self = .array((value.array ?? []).map(JSON.init))
        case .object:
            self = .object(
                Dictionary(
                    (value.members ?? []).map { ($0.name, JSON($0.value)) },
                    uniquingKeysWith: { first, _ in first }
                )
            )
        }
    }

    /// Encodes the value as JSON in UTF-8, with members sorted by name, so the output is deterministic.
    public func encoded(pretty: Bool = false) -> [UInt8] {
        guard let node = unsafe makeNode() else { return Array("null".utf8) }
        defer { unsafe mcp_json_decref(node) }
        let layout = pretty ? 2 : Int(JSON_COMPACT)
        let flags = layout | Int(JSON_SORT_KEYS) | Int(JSON_ENCODE_ANY)
        let size = unsafe json_dumpb(node, nil, 0, flags)
        return unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            let text = unsafe UnsafeMutableRawPointer(buffer.baseAddress)?.assumingMemoryBound(to: CChar.self)
            count = unsafe json_dumpb(node, text, size, flags)
        }
    }

    /// Encodes the value as JSON, with `1e999` for each unrepresentable value and each number that is not finite.
    ///
    /// When the text is parsed, these values are unrepresentable again; ``encoded(pretty:)`` writes them as `null`.
    package func encodedExactly(pretty: Bool = false) -> [UInt8] {
        guard hasUnrepresentable else { return encoded(pretty: pretty) }
        // A random string that occurs in no document; it is replaced wherever it is a whole value.
        let mark = "unrepresentable-\(UInt64.random(in: 0...UInt64.max))-\(UInt64.random(in: 0...UInt64.max))"
        let text = String(decoding: marking(mark).encoded(pretty: pretty), as: UTF8.self)
        return Array(text.replacing("\"\(mark)\"", with: "1e999").utf8)
    }

    private var hasUnrepresentable: Bool {
        switch self {
        case .unrepresentable: true
        case .number(let value): !value.isFinite
        case .array(let elements): elements.contains(where: \.hasUnrepresentable)
        case .object(let members): members.values.contains(where: \.hasUnrepresentable)
        default: false
        }
    }

    private func marking(_ mark: String) -> JSON {
        switch self {
        case .unrepresentable: .string(mark)
        case .number(let value) where !value.isFinite: .string(mark)
        case .array(let elements): .array(elements.map { $0.marking(mark) })
        case .object(let members): .object(members.mapValues { $0.marking(mark) })
        default: self
        }
    }

    /// Applies a JSON Merge Patch (RFC 7396): members of the patch replace those of this value, `null` removes them.
    package func merging(patch: JSON) -> JSON {
        guard case .object(let changes) = patch else { return patch }
        var members: [String: JSON] = [:]
        if case .object(let current) = self { members = current }
        for (name, change) in changes {
            if case .null = change {
                members[name] = nil
            } else {
                members[name] = (members[name] ?? .null).merging(patch: change)
            }
        }
        return .object(members)
    }

    /// The string; `nil` for every other kind.
    public var string: String? {
        guard case .string(let value) = self else { return nil }
        return value
    }

    /// The elements of an array of strings; `nil` for everything else.
    public var strings: [String]? {
        guard case .array(let elements) = self else { return nil }
        let strings = elements.compactMap(\.string)
        return strings.count == elements.count ? strings : nil
    }

    /// The boolean; `nil` for every other kind.
    public var boolean: Bool? {
        guard case .boolean(let value) = self else { return nil }
        return value
    }

    /// The members; `nil` for every other kind.
    public var members: [String: JSON]? {
        guard case .object(let members) = self else { return nil }
        return members
    }

    /// The elements; `nil` for every other kind.
    public var elements: [JSON]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    /// The number, however it was written; `nil` for every other kind.
    public var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    /// The member or element that one reference token names (RFC 6901 section 4).
    public subscript(_ token: String) -> JSON? {
        switch self {
        case .object(let members): return members[token]
        case .array(let elements):
            guard let index = JSONPointer.arrayIndex(token), elements.indices.contains(index) else { return nil }
            return elements[index]
        default: return nil
        }
    }

    /// A new Jansson tree that the caller owns.
    private func makeNode() -> UnsafeMutablePointer<json_t>? {
        switch self {
        case .null, .unrepresentable:
            return unsafe json_null()
        case .boolean(let value):
            return unsafe value ? json_true() : json_false()
        case .integer(let value):
            return unsafe json_integer(json_int_t(value))
        case .number(let value):
            // JSON has no text for a number that is not finite.
            return unsafe value.isFinite ? json_real(value) : json_null()
        case .string(let value):
            return unsafe json_stringn(value, value.utf8.count)
        case .array(let elements):
            let node = unsafe json_array()
            for element in elements { unsafe json_array_append_new(node, element.makeNode()) }
            return unsafe node
        case .object(let members):
            let node = unsafe json_object()
            for (name, value) in members { unsafe json_object_setn_new(node, name, name.utf8.count, value.makeNode()) }
            return unsafe node
        }
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral
{
    /// A string.
    public init(stringLiteral value: String) { self = .string(value) }
    /// A boolean.
    public init(booleanLiteral value: Bool) { self = .boolean(value) }
    /// A number.
    public init(integerLiteral value: Int64) { self = .integer(value) }
    /// A number.
    public init(floatLiteral value: Double) { self = .number(value) }
}

extension JSON: ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
    /// An array.
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    /// An object; if several members have the same name, the first is kept.
    public init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(Dictionary(elements, uniquingKeysWith: { first, _ in first }))
    }
}
