// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthJSON

/// The JOSE Header of a JWS (RFC 7515 section 4), reduced to what verification uses.
///
/// Key material and key locations in the header (`jwk`, `jku`, `x5c`, `x5u`) are not read. Neither are `zip` and `cty`,
/// which have no meaning for a JWS access token. Other unknown members are ignored, as section 4 requires. A class, so
/// that passing it on copies one reference.
package final class JOSEHeader: Sendable {
    /// The exact `alg` value.
    package let algorithmName: String
    /// The algorithm of that name; `nil` unless it is a supported public-key algorithm.
    package let algorithm: SignatureAlgorithm?
    package let keyID: ExactString?
    /// The `typ` in lower case, without the prefix `application/`, which is optional (section 4.1.9).
    package let mediaType: String?

    /// - Throws: ``CompactJWS/Malformed``. `crit` is refused because no extension is supported, `b64` because RFC 7797
    ///   section 7 forbids it in a JWT.
    init(parsing bytes: [UInt8]) throws(CompactJWS.Malformed) {
        // `JSONDocument` skips a byte order mark, but a header must not begin with one.
        guard bytes.first != 0xEF, let root = try? JSONDocument(parsing: bytes, limits: .header).root,
            root.kind == .object
        else { throw .headerNotJSON }
        guard let algorithmName = root["alg"]?.string else { throw .invalidHeaderParameter }
        self.algorithmName = algorithmName
        algorithm = SignatureAlgorithm(name: algorithmName)
        guard root["crit"] == nil, root["b64"] == nil else { throw .criticalExtension }
        let keyID = try Self.string(root, "kid")
        guard keyID.map({ (1...256).contains($0.utf8.count) }) ?? true else { throw .invalidHeaderParameter }
        self.keyID = keyID.map { ExactString($0) }
        mediaType = try Self.string(root, "typ").map(Self.mediaType)
    }

    private static func mediaType(_ type: String) -> String {
        let type = type.lowercased()
        return type.hasPrefix("application/") ? String(type.dropFirst("application/".count)) : type
    }

    private static func string(_ root: JSONView, _ name: String) throws(CompactJWS.Malformed) -> String? {
        guard let member = root[name] else { return nil }
        guard let string = member.string else { throw .invalidHeaderParameter }
        return string
    }
}
