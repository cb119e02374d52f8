// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON

/// Why a question of a gateway cannot be answered, and which of its values is wrong.
///
/// It names kinds of values and never a value, because one of them is the token of a client.
struct EvaluationMistake: Error {
    private let expected: String
    private let found: String
    /// The JSON Pointer of the value; empty for the whole question.
    private let place: String

    init(expected: String, found: String, at pointer: JSONPointer = .root) {
        self.expected = expected
        self.found = found
        place = pointer.description
    }

    /// A text that is not JSON.
    init(_ error: JSONParsingError) {
        self.init(expected: "JSON without duplicate members", found: error.description)
    }

    /// One sentence for the gateway.
    var description: String {
        "expected \(expected), found \(found)" + (place.isEmpty ? "" : " at \(place)")
    }

    /// The denial for the log.
    var denial: Denial {
        let subject = place.isEmpty ? "the question of the gateway" : "`\(place)` in the question of the gateway"
        let diagnosis = Diagnosis(subject, expected: expected, found: found)
        return Denial(.unreadableForwarding, status: 400, diagnosis: diagnosis)
    }
}
