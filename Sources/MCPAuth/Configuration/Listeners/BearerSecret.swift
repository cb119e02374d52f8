// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import HTTPTypes
internal import MCPAuthJOSE

/// A secret that a client of this server must present as a bearer token; only its SHA-256 is kept.
///
/// For operators and gateways, never for the clients of a resource.
package struct BearerSecret: Sendable, Hashable, CustomStringConvertible {
    private let digest: [UInt8]

    package init(_ secret: Secret) {
        digest = Digest.sha256(secret.bytes)
    }

    /// Whether the request presents it, in its only `Authorization` field; compared in constant time.
    package func isPresented(by request: HTTPRequest) -> Bool {
        let values = request.headerFields[values: .authorization]
        guard values.count == 1, let value = values.first, value.utf8.count > Self.scheme.utf8.count,
            value.prefix(Self.scheme.utf8.count).lowercased() == Self.scheme
        else { return false }
        // Empty if the hash could not be computed; then nothing is equal to it.
        guard !digest.isEmpty else { return false }
        return Digest.isEqual(Digest.sha256(value.utf8.dropFirst(Self.scheme.utf8.count)), digest)
    }

    private static let scheme = "bearer "

    /// Always `<redacted>`.
    package var description: String { "<redacted>" }
}
