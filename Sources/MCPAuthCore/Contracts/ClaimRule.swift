// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthJSON

/// How one normalised claim is made of the claims of a token; each property is the member of the same name in the JSON.
///
/// The steps run in the order of the properties. A rule without steps copies the value as it is; the steps act on
/// strings, alone or in an array, and leave out every other value.
public struct ClaimRule: Sendable, Hashable, ExpressibleByArrayLiteral {
    /// Claims that may hold the value: a plain name, or a JSON Pointer when it begins with `/`.
    public var from: [String]
    /// Joins the values of all of ``from`` that are present, each once; otherwise the first that is present counts alone.
    public var merge = false
    /// Splits a string into an array.
    public var split: String?
    /// Keeps only values that begin so, without this beginning.
    public var stripPrefix: String?
    /// New values for old ones; others are left out unless ``keepUnmapped``.
    public var map: [String: String]?
    /// Whether values that ``map`` does not name stay as they are.
    public var keepUnmapped = false
    /// Put before each value.
    public var prefix: String?
    /// The value for every token; nothing else of the rule counts then.
    package var constant: JSON?

    /// Takes the first source that is present.
    public init(_ from: [String]) {
        self.from = from
    }

    /// Takes the first source that is present.
    public init(arrayLiteral elements: String...) {
        self.init(elements)
    }

    /// What the rule finds in the claims of a token.
    package enum Result {
        case absent
        /// A value that the steps cannot work on.
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

    /// The value of a source without any step, for rules that have none.
    package func plainValue(in claims: JSONView) -> JSONView? {
        for source in from {
            if let value = Self.value(source, in: claims) { return value }
        }
        return nil
    }

    /// Whether the value is a copy of the first source that is present.
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

    /// A string split where the rule says so, or the strings of an array that has nothing else.
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
            // The name that was found may be another one than was looked for: strings are equal by equivalence.
            let entry = map.index(forKey: text).map { map[$0] }
            let mapped = entry.flatMap { $0.key.isExactly(text) ? $0.value : nil }
            guard let new = mapped ?? (keepUnmapped ? text : nil) else { return nil }
            text = new
        }
        return (prefix ?? "") + text
    }

    /// The value of a source; one that is `null` is as good as absent.
    static func value(_ source: String, in claims: JSONView) -> JSONView? {
        guard source.utf8.first == UInt8(ascii: "/") else { return claims.optional(source) }
        return JSONPointer(source).flatMap { claims[$0] }.flatMap { $0.kind == .null ? nil : $0 }
    }
}
