// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthJSON

/// What an operator needs to know of a refusal beyond its reason: what was looked at, expected and found.
///
/// ``description`` is for logs: it names the kind of thing that was found and never its value. ``revealed`` has the value too
/// and is for the operator's own terminal. Neither is ever sent to a client, and neither holds a whole token.
public struct Diagnosis: Sendable, Hashable, CustomStringConvertible {
    /// What was looked at, such as ``claim `aud` ``.
    public let subject: String
    /// What would have been accepted.
    public let expected: String
    /// The kind of thing that was found, such as `an array of strings`, or `nothing`.
    public let found: String
    /// The value that was found, escaped; `nil` where there is none.
    package let value: String?

    /// A diagnosis of an extension, without values.
    public init(_ subject: String, expected: String, found: String) {
        self.init(subject, expected: expected, found: found, value: nil)
    }

    package init(_ subject: String, expected: String, found: String, value: String?) {
        self.subject = subject
        self.expected = expected
        self.found = found
        self.value = value
    }

    /// About a claim that has a wrong kind or value.
    package init(claim: String, expected: String, found: JSONView?) {
        self.init(
            "claim `\(claim.printable)`",
            expected: expected,
            found: Self.kind(of: found),
            value: found.flatMap { value in
                // It would be written as `null`, which is another value.
                guard value.kind != .unrepresentable else { return nil }
                return String(decoding: JSON(value).encoded(), as: UTF8.self).printable
            }
        )
    }

    /// One line for a log, without values.
    public var description: String { "\(subject): expected \(expected), found \(found)" }

    /// One line for the operator's own terminal, with the value.
    package var revealed: String { "\(subject): expected \(expected), found \(value ?? found)" }

    /// The kind of a value in words.
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
            value?.strings == nil ? "an array with other elements than strings" : "an array of strings"
        }
    }
}
