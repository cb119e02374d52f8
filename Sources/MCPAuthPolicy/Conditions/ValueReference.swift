// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthJSON

/// A value that a condition reads, as its subject or as its operand.
package struct ValueReference: Sendable, Hashable {
    /// Where the value comes from.
    package enum Source: Sendable, Hashable {
        /// A claim, after the issuer's mapping.
        case claim(JSONPointer)
        /// A claim as it is in the token.
        case rawClaim(JSONPointer)
        /// An argument of the call; the slot is its position in ``ArgumentTable``.
        case argument(JSONPointer, slot: Int)
        /// A segment that a pattern of the rule captures; the index is its position in ``CaptureTable``.
        case capture(String, index: Int)
    }

    /// The key that names such a value in a policy.
    package enum Key: String, Sendable, CaseIterable {
        case claim
        case rawClaim = "raw_claim"
        case argument
        case capture
    }

    package let source: Source
    /// Whether a string counts as an array of that string (RFC 7519 section 4.1.3, and common use).
    let isSetValued: Bool

    init(_ source: Source) {
        self.source = source
        isSetValued =
            switch source {
            case .claim(let pointer), .rawClaim(let pointer):
                pointer.tokens.count == 1 && Self.setValued.contains(pointer.tokens[0])
            case .argument, .capture: false
            }
    }

    private static let setValued: Set<String> = ["scope", "scp", "aud", "groups", "roles", "amr"]

    package var key: Key {
        switch source {
        case .claim: .claim
        case .rawClaim: .rawClaim
        case .argument: .argument
        case .capture: .capture
        }
    }

    /// The pointer or name, as written in the policy.
    package var text: String {
        switch source {
        case .claim(let pointer), .rawClaim(let pointer), .argument(let pointer, _): pointer.description
        case .capture(let name, _): name
        }
    }

    /// The pointer of a claim, mapped or not; `nil` for other values.
    package var claim: JSONPointer? {
        switch source {
        case .claim(let pointer), .rawClaim(let pointer): pointer
        case .argument, .capture: nil
        }
    }

    /// The same reference with its slot in the table of the policy.
    func resolved(in arguments: inout ArgumentTable) -> ValueReference {
        guard case .argument(let pointer, _) = source else { return self }
        return ValueReference(.argument(pointer, slot: arguments.slot(of: pointer)))
    }
}
