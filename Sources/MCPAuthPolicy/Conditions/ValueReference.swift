// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthJSON

/// A value that a condition reads, as its subject or as its operand.
package struct ValueReference: Sendable, Hashable {
    /// Where the value comes from: the key that names it in a policy.
    package enum Key: String, Sendable, CaseIterable {
        /// A claim, after the issuer's mapping.
        case claim
        /// A claim as it is in the token.
        case rawClaim = "raw_claim"
        /// An argument of the call.
        case argument
        /// A segment that a pattern of the rule captures.
        case capture
    }

    package let key: Key
    /// The place of a claim or argument; the name of a capture as its only token.
    package let pointer: JSONPointer
    /// The slot of an argument in ``ArgumentTable``, or the position of a capture in ``CaptureTable``.
    package let index: Int
    /// Whether a string counts as an array of that string (RFC 7519 section 4.1.3, and common use).
    package let isSetValued: Bool

    init(_ key: Key, _ pointer: JSONPointer, index: Int = 0) {
        self.key = key
        self.pointer = pointer
        self.index = index
        let isTopLevelClaim = (key == .claim || key == .rawClaim) && pointer.tokens.count == 1
        isSetValued = isTopLevelClaim && Self.setValued.contains(pointer.tokens[0])
    }

    private static let setValued: Set<String> = ["scope", "scp", "aud", "groups", "roles", "amr"]

    /// The pointer or name, as written in the policy.
    package var text: String { key == .capture ? pointer.tokens[0] : pointer.description }

    /// The pointer of a claim, mapped or not; `nil` for other values.
    package var claim: JSONPointer? { key == .claim || key == .rawClaim ? pointer : nil }

    /// The same reference with its slot in the table of the policy.
    func resolved(in arguments: inout ArgumentTable) -> ValueReference {
        key == .argument ? ValueReference(key, pointer, index: arguments.slot(of: pointer)) : self
    }
}
