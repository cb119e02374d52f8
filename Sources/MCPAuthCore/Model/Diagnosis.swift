// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthJSON

/// Details of a refusal for an operator: what was checked, what was expected and what was found.
///
/// ``description`` is for logs: it names the kind of value that was found, never the value. It is never sent to a client,
/// and does not contain a whole token.
public struct Diagnosis: Sendable, Hashable, CustomStringConvertible {
    /// What was checked, such as a claim and its name.
    public let subject: String
    /// What would have been accepted.
    public let expected: String
    /// The kind of value that was found, such as `an array of strings`, or `nothing`.
    public let found: String
    /// The value that was found, escaped; `nil` if there is none.
    package let value: String?

    /// Creates a diagnosis for an extension, without values.
    public init(_ subject: String, expected: String, found: String) {
        self.init(subject, expected: expected, found: found, value: nil)
    }

    package init(_ subject: String, expected: String, found: String, value: String?) {
        self.subject = subject
        self.expected = expected
        self.found = found
        self.value = value
    }

    /// Creates a diagnosis about a claim of a wrong type or value.
    package init(claim: String, expected: String, found: JSONView?) {
        self.init(
            "claim `\(claim.printable)`",
            expected: expected,
            found: Self.kind(of: found),
            value: found.flatMap { value in
                // It would be encoded as `null`, which is another value.
                guard value.kind != .unrepresentable else { return nil }
                return String(decoding: JSON(value).encoded(), as: UTF8.self).printable
            }
        )
    }

    /// One line for a log, without values.
    public var description: String { "\(subject): expected \(expected), found \(found)" }

    /// One line for the operator's own terminal, with the value.
    package var revealed: String { "\(subject): expected \(expected), found \(value ?? found)" }

    /// The kind of a value, in words.
    package static func kind(of value: JSONView?) -> String {
        switch value?.kind {
        case nil: "nothing"
        case .null?: "null"
        case .boolean?: "true or false"
        case .number?: "a number"
        case .string?: "a string"
        case .object?: "an object"
        case .unrepresentable?: "a value that cannot be represented"
        case .array?:
            value?.strings == nil ? "an array with elements that are not strings" : "an array of strings"
        }
    }
}
