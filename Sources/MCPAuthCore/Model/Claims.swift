// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthJSON

/// The claims of a verified token (RFC 7519 section 4), read by JSON Pointer.
///
/// Lookups see the normalised claims: those of the token, with `scope` as an array and `client_id` in its standard
/// place whatever the issuer calls them.
public struct Claims: Sendable {
    /// The token's own claims.
    package let raw: JSONValue
    /// Top-level members that the claim mapping put in place of the token's own.
    package let normalised: [String: JSON]

    package init(raw: JSONValue, normalised: [String: JSON] = [:]) {
        self.raw = raw
        self.normalised = normalised
    }

    /// The string that `pointer` names; `nil` when absent, of another type, or when the pointer is not well formed.
    public func string(at pointer: String) -> String? {
        guard case .string(let value) = value(at: pointer) else { return nil }
        return value
    }

    /// The strings of the array that `pointer` names; `nil` unless every element is a string.
    public func strings(at pointer: String) -> [String]? {
        guard case .array(let elements) = value(at: pointer) else { return nil }
        let strings = elements.compactMap { element -> String? in
            guard case .string(let value) = element else { return nil }
            return value
        }
        return strings.count == elements.count ? strings : nil
    }

    /// The number that `pointer` names.
    public func number(at pointer: String) -> Double? {
        switch value(at: pointer) {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    /// The boolean that `pointer` names.
    public func boolean(at pointer: String) -> Bool? {
        guard case .boolean(let value) = value(at: pointer) else { return nil }
        return value
    }

    /// The JSON text of the value that `pointer` names; the empty pointer gives all normalised claims.
    public func json(at pointer: String) -> String? {
        value(at: pointer).map { String(decoding: $0.encoded(), as: UTF8.self) }
    }

    private func value(at pointer: String) -> JSON? {
        JSONPointer(pointer).flatMap(value(at:))
    }

    /// The normalised value that `pointer` names.
    package func value(at pointer: JSONPointer) -> JSON? {
        guard let first = pointer.tokens.first else {
            return normalised.reduce(JSON(raw)) { $0.merging(patch: [$1.key: $1.value]) }
        }
        guard let replaced = normalised[first] else { return raw[pointer].map(JSON.init) }
        return pointer.tokens.dropFirst().reduce(Optional(replaced)) { value, token in
            guard case .object(let members) = value else { return nil }
            return members[token]
        }
    }
}
