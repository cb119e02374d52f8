// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CJansson

/// A JSON value owned by Swift: what we write, and what configuration keeps.
///
/// While a token is verified its claims are read from the ``JSONDocument``; this type is for documents that we make
/// (metadata, error bodies) and for constants in policies.
package enum JSON: Hashable, Sendable {
    case null
    case boolean(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSON])
    case object([String: JSON])
    /// A value that is there and of which nothing is known; it is written as `null`.
    case unrepresentable

    /// Copies a view.
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

    /// The JSON text in UTF-8, members sorted by name, so that equal values give equal bytes.
    package func encoded(pretty: Bool = false) -> [UInt8] {
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

    /// Applies a JSON Merge Patch (RFC 7396): members of the patch replace, `null` removes.
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
    package var string: String? {
        guard case .string(let value) = self else { return nil }
        return value
    }

    /// The elements of an array of strings; `nil` for everything else.
    package var strings: [String]? {
        guard case .array(let elements) = self else { return nil }
        let strings = elements.compactMap(\.string)
        return strings.count == elements.count ? strings : nil
    }

    /// The number, however it was written; `nil` for every other kind.
    package var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    /// The member or element that one reference token names (RFC 6901 section 4).
    package subscript(_ token: String) -> JSON? {
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
            return unsafe json_real(value)
        case .string(let value):
            return unsafe json_stringn(value, value.utf8.count)
        case .array(let elements):
            let node = unsafe json_array()
            for element in elements { unsafe json_array_append_new(node, element.makeNode()) }
            return unsafe node
        case .object(let members):
            let node = unsafe json_object()
            for (name, value) in members { unsafe json_object_set_new(node, name, value.makeNode()) }
            return unsafe node
        }
    }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral {
    package init(stringLiteral value: String) { self = .string(value) }
    package init(booleanLiteral value: Bool) { self = .boolean(value) }
    package init(integerLiteral value: Int64) { self = .integer(value) }
}

extension JSON: ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
    package init(arrayLiteral elements: JSON...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSON)...) {
        self = .object(Dictionary(elements, uniquingKeysWith: { first, _ in first }))
    }
}
