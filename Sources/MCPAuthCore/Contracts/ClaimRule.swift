// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthJSON

/// Describes how one normalised claim is derived from the claims of a token.
///
/// Each property is a member of the JSON form, such as `strip_prefix`. The steps run in the order of the properties. A
/// rule without steps copies the value. Steps need a string or an array of strings; with any other value, the rule has
/// no result.
public struct ClaimRule: Sendable, Hashable, ExpressibleByArrayLiteral {
    /// The claims to read: plain names, or JSON Pointers if they begin with `/`.
    public var from: [String]
    /// Whether to combine the values of all ``from`` claims that are present, without duplicates; otherwise only the
    /// first one present is used.
    public var merge = false
    /// The separator at which a string is split into an array.
    public var split: String?
    /// The prefix to remove; values without it are left out.
    public var stripPrefix: String?
    /// New values by old value; values that are not in it are left out unless ``keepUnmapped`` is set.
    public var map: [String: String]?
    /// Whether values that are not in ``map`` are kept.
    public var keepUnmapped = false
    /// The prefix to add to each value.
    public var prefix: String?
    /// The value for every token; if it is set, the rest of the rule is ignored.
    package var constant: JSON?

    /// Creates a rule that takes the first source that is present.
    public init(_ from: [String]) {
        self.from = from
    }

    /// Creates a rule that takes the first source that is present.
    public init(arrayLiteral elements: String...) {
        self.init(elements)
    }

    /// The result of a rule for the claims of a token.
    package enum Result {
        case absent
        /// The value has a type that the steps cannot process.
        case invalid
        case value(JSON)
    }

    /// Applies the rule.
    package func apply(to claims: JSONView) -> Result {
        if let constant { return .value(constant) }
        let present = from.lazy.compactMap { Self.value($0, in: claims) }
        if merge { return merged(Array(present)) }
        guard let value = present.first else { return .absent }
        guard hasSteps else { return .value(JSON(value)) }
        if let text = value.string, split == nil {
            return transformed(text).map { .value(.string($0)) } ?? .absent
        }
        return strings(of: value).map { .value(.array($0.compactMap(transformed).map(JSON.string))) } ?? .invalid
    }

    /// The value of the first source that is present, for rules without steps.
    package func plainValue(in claims: JSONView) -> JSONView? {
        for source in from {
            if let value = Self.value(source, in: claims) { return value }
        }
        return nil
    }

    /// Whether the rule copies the first source that is present, without changes.
    package var isPlain: Bool { constant == nil && !merge && !hasSteps }

    private var hasSteps: Bool {
        split != nil || stripPrefix != nil || map != nil || prefix != nil
    }

    private func merged(_ values: [JSONView]) -> Result {
        guard !values.isEmpty else { return .absent }
        var joined: [String] = []
        for value in values {
            guard let strings = strings(of: value) else { return .invalid }
            for string in strings.compactMap(transformed) where !joined.contains(where: string.isExactly) {
                joined.append(string)
            }
        }
        return .value(.array(joined.map(JSON.string)))
    }

    /// The string, split if the rule has a separator, or the elements of an array of strings; `nil` for anything else.
    private func strings(of value: JSONView) -> [String]? {
        if let text = value.string {
            guard let split, !split.isEmpty else { return [text] }
            return text.split(separator: split).map(String.init)
        }
        return value.strings
    }

    private func transformed(_ text: String) -> String? {
        var text = text
        if let stripPrefix {
            guard text.utf8.starts(with: stripPrefix.utf8) else { return nil }
            text = String(decoding: text.utf8.dropFirst(stripPrefix.utf8.count), as: UTF8.self)
        }
        if let map {
            // The key that was found can differ from the text in its bytes: Swift compares strings by canonical
            // equivalence.
            let entry = map.index(forKey: text).map { map[$0] }
            let mapped = entry.flatMap { $0.key.isExactly(text) ? $0.value : nil }
            guard let new = mapped ?? (keepUnmapped ? text : nil) else { return nil }
            text = new
        }
        return (prefix ?? "") + text
    }

    /// The value of a source; `nil` if it is absent or `null`.
    static func value(_ source: String, in claims: JSONView) -> JSONView? {
        guard source.utf8.first == UInt8(ascii: "/") else { return claims.optional(source) }
        return JSONPointer(source).flatMap { claims[$0] }.flatMap { $0.kind == .null ? nil : $0 }
    }
}
