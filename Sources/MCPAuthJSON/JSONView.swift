// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CJansson

/// A view of one value inside a ``JSONDocument``.
///
/// Reading it allocates only the strings and arrays that are returned. The view keeps the document alive.
// SAFETY: a view is a constant pointer into an immutable tree (see `JSONDocument`) together with the strong reference
// that keeps that tree alive, so copies may cross threads.
@safe package struct JSONView: @unchecked Sendable {
    /// The kinds of JSON values (RFC 8259 section 3).
    package enum Kind: String, Sendable {
        case null
        case boolean
        case number
        case string
        case array
        case object
        /// A number out of range, or a string with `\u0000` or a lone surrogate.
        ///
        /// The value is present, but its content is unknown.
        case unrepresentable
    }

    private let document: JSONDocument
    private let node: UnsafeMutablePointer<json_t>

    init(document: JSONDocument, node: UnsafeMutablePointer<json_t>) {
        self.document = document
        unsafe self.node = node
    }

    package var kind: Kind {
        guard !document.hasUnrepresentable || isRepresentable else { return .unrepresentable }
        return unsafe withNode { node in
            switch unsafe json_type(UInt32(mcp_json_typeof(node))) {
            case JSON_OBJECT: .object
            case JSON_ARRAY: .array
            case JSON_STRING: .string
            case JSON_INTEGER, JSON_REAL: .number
            case JSON_TRUE, JSON_FALSE: .boolean
            default: .null
            }
        }
    }

    /// Calls `body` with the node and keeps the document alive until it returns.
    private func withNode<Result>(_ body: (UnsafeMutablePointer<json_t>) -> Result) -> Result {
        withExtendedLifetime(document) { unsafe body(node) }
    }

    /// Whether this is the value of the text, not a substitute made by ``LenientText``.
    private var isRepresentable: Bool {
        unsafe withNode { node in
            switch unsafe json_type(UInt32(mcp_json_typeof(node))) {
            case JSON_STRING:
                guard let start = unsafe json_string_value(node) else { return true }
                return unsafe !UnsafeRawBufferPointer(start: start, count: json_string_length(node)).contains(0)
            default: return true
            }
        }
    }

    /// Whether this or any other value or member name of the document is unrepresentable.
    package var isBesideUnrepresentable: Bool { document.hasUnrepresentable }

    package var string: String? {
        var string: String?
        unsafe withUTF8 { unsafe string = String(decoding: $0, as: UTF8.self) }
        return string
    }

    /// The value as a 64-bit integer; a number written with a fraction or an exponent is not one.
    package var integer: Int64? {
        unsafe withNode { node in
            guard unsafe json_type(UInt32(mcp_json_typeof(node))) == JSON_INTEGER else { return nil }
            return unsafe Int64(json_integer_value(node))
        }
    }

    /// The value as a finite double, however the number was written.
    package var number: Double? {
        guard kind == .number else { return nil }
        return unsafe withNode { node in unsafe json_number_value(node) }
    }

    package var boolean: Bool? {
        unsafe withNode { node in
            switch unsafe json_type(UInt32(mcp_json_typeof(node))) {
            case JSON_TRUE: true
            case JSON_FALSE: false
            default: nil
            }
        }
    }

    /// The number of elements or members; 0 for every other kind.
    package var count: Int {
        switch kind {
        case .array: unsafe withNode { node in unsafe json_array_size(node) }
        case .object: unsafe withNode { node in unsafe json_object_size(node) }
        default: 0
        }
    }

    /// The elements of an array in their order; `nil` for every other kind.
    package var array: [JSONView]? {
        guard kind == .array else { return nil }
        return (0..<count).compactMap { self[$0] }
    }

    /// The elements of an array of strings; `nil` for everything else.
    package var strings: [String]? {
        guard let elements = array else { return nil }
        let strings = elements.compactMap(\.string)
        return strings.count == elements.count ? strings : nil
    }

    /// The members of an object in the order of the text; `nil` for every other kind.
    ///
    /// A member whose name contains `\u0000` or a lone surrogate is omitted.
    package var members: [(name: String, value: JSONView)]? {
        guard kind == .object else { return nil }
        return unsafe withNode { node in
            var members: [(name: String, value: JSONView)] = []
            var iterator = unsafe json_object_iter(node)
            while let position = unsafe iterator {
                if let key = unsafe json_object_iter_key(position), let value = unsafe json_object_iter_value(position)
                {
                    let name = unsafe UnsafeRawBufferPointer(start: key, count: json_object_iter_key_len(position))
                    if unsafe !document.hasUnrepresentable || !name.starts(with: LenientText.nameMark) {
                        unsafe members.append((String(cString: key), JSONView(document: document, node: value)))
                    }
                }
                unsafe iterator = json_object_iter_next(node, position)
            }
            return members
        }
    }

    /// A set of member names to search for in one pass over an object.
    package struct Names: Sendable {
        fileprivate let texts: [[UInt8]]
        /// A bit for each length and first byte of a name, which excludes most other names without a comparison.
        private let beginnings: UInt64

        package init(_ names: [String]) {
            texts = names.map { Array($0.utf8) }
            beginnings = texts.reduce(0) { $0 | Self.bit(length: $1.count, first: $1.first) }
        }

        fileprivate func contains(_ name: UnsafeRawBufferPointer) -> Bool {
            guard unsafe beginnings & Self.bit(length: name.count, first: name.first) != 0 else { return false }
            return texts.contains { unsafe $0.count == name.count && $0.elementsEqual(name) }
        }

        private static func bit(length: Int, first: UInt8?) -> UInt64 {
            1 << UInt64((length &* 7 &+ Int(first ?? 0)) & 63)
        }
    }

    /// Whether a member has one of these names.
    ///
    /// This takes one pass over the members instead of one lookup per name.
    package func hasMember(among names: Names) -> Bool {
        guard kind == .object else { return false }
        return unsafe withNode { node in
            var iterator = unsafe json_object_iter(node)
            while let position = unsafe iterator {
                if let key = unsafe json_object_iter_key(position) {
                    let name = unsafe UnsafeRawBufferPointer(start: key, count: json_object_iter_key_len(position))
                    if unsafe names.contains(name) { return true }
                }
                unsafe iterator = json_object_iter_next(node, position)
            }
            return false
        }
    }

    /// The member with exactly this name; `nil` when absent or when this is not an object.
    package subscript(_ name: String) -> JSONView? {
        unsafe withNode { node in
            var value: UnsafeMutablePointer<json_t>?
            unsafe name.withCString { unsafe value = json_object_getn(node, $0, name.utf8.count) }
            guard let value = unsafe value else { return nil }
            return unsafe JSONView(document: document, node: value)
        }
    }

    /// The member with exactly this name; `nil` when it is absent or its value is `null`.
    ///
    /// For members that a standard calls optional: many serialisers write a missing value as `null`.
    package func optional(_ name: String) -> JSONView? {
        self[name].flatMap { $0.kind == .null ? nil : $0 }
    }

    /// The element at this index; `nil` when out of range or when this is not an array.
    package subscript(_ index: Int) -> JSONView? {
        guard index >= 0 else { return nil }
        return unsafe withNode { node in
            guard let value = unsafe json_array_get(node, index) else { return nil }
            return unsafe JSONView(document: document, node: value)
        }
    }

    /// The value that a JSON Pointer names inside this one; `nil` when it names nothing (RFC 6901 section 4).
    package subscript(_ pointer: JSONPointer) -> JSONView? {
        var value = self
        for token in pointer.tokens {
            switch value.kind {
            case .object:
                guard let member = value[token] else { return nil }
                value = member
            case .array:
                guard let index = JSONPointer.arrayIndex(token), let element = value[index] else { return nil }
                value = element
            default:
                return nil
            }
        }
        return value
    }

    /// Whether this is a string with the same bytes as `other`; does not create a Swift string.
    package func isString(_ other: String) -> Bool {
        var isSame = false
        unsafe withUTF8 { unsafe isSame = other.isExactly($0) }
        return isSame
    }

    /// Calls `body` with the UTF-8 bytes of a string value; does not call it for any other kind.
    // Not generic over a result: other modules could only call an unspecialised version.
    package func withUTF8(_ body: (UnsafeRawBufferPointer) -> Void) {
        guard !document.hasUnrepresentable || isRepresentable else { return }
        withExtendedLifetime(document) {
            guard let start = unsafe json_string_value(node) else { return }
            unsafe body(UnsafeRawBufferPointer(start: start, count: json_string_length(node)))
        }
    }
}
