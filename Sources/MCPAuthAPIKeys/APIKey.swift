// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

public import MCPAuthCore
internal import MCPAuthJOSE
internal import MCPAuthJSON

/// One API key as the file has it: what it grants, and the hash of its secret.
public struct APIKey: Sendable, Hashable {
    /// The part of the key that is no secret: 16 hexadecimal digits.
    public let id: String
    /// The subject of its claims; `nil` for a key of a client that acts for itself.
    public var subject: String?
    /// The client of its claims.
    public var clientID: String
    /// The scopes that it grants.
    public var scopes: [String]
    /// When it ends, in seconds since 1970; `nil` for never.
    public var expires: Int64?
    /// When it was created, in seconds since 1970.
    public let created: Int64
    /// When it was revoked, in seconds since 1970; `nil` if it was not.
    public var revoked: Int64?
    /// 16 random bytes.
    let salt: [UInt8]
    /// SHA-256 over the salt and the secret.
    ///
    /// The secret has 256 random bits, so a slow hash would add nothing.
    let hash: [UInt8]

    /// Creates a key and its text, which is not kept: `PREFIX_ID_SECRET`.
    ///
    /// - Throws: `ConfigurationError` if a scope or the prefix has a character that it cannot have, or without client.
    public static func make(
        prefix: String,
        clientID: String,
        subject: String? = nil,
        scopes: [String],
        expires: Int64? = nil,
        now: NumericDate
    ) throws(ConfigurationError) -> (key: APIKey, text: String) {
        guard isPrefix(prefix) else {
            throw ConfigurationError(
                .invalidValue,
                "a prefix has 2 to 16 letters and digits, not `\(prefix.printable)`"
            )
        }
        guard !clientID.isEmpty, subject?.isEmpty != true else {
            throw ConfigurationError(.invalidValue, "client and subject must not be empty")
        }
        if let scope = scopes.first(where: { !ScopeSet.isScopeToken($0) }) {
            throw ConfigurationError(.invalidValue, "`\(scope.printable)` is not a scope (RFC 6749 section 3.3)")
        }
        let id = Digest.hexadecimal(random(8))
        let secret = Base64URL.encode(random(32))
        let salt = random(16)
        let key = APIKey(
            id: id,
            subject: subject,
            clientID: clientID,
            scopes: scopes,
            expires: expires,
            created: Int64(now.secondsSinceEpoch),
            revoked: nil,
            salt: salt,
            hash: Digest.sha256(salt + Array(secret.utf8))
        )
        return (key, "\(prefix)_\(id)_\(secret)")
    }

    /// Whether the secret is the one of this key; the time does not depend on where they differ.
    func hasSecret(_ secret: ArraySlice<UInt8>) -> Bool {
        Digest.isEqual(Digest.sha256(salt + secret), hash)
    }

    static func isPrefix(_ text: String) -> Bool {
        (2...16).contains(text.utf8.count) && text.utf8.allSatisfy(isLetterOrDigit)
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }

    private static func random(_ count: Int) -> [UInt8] {
        var random = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    static func bytes(hexadecimal text: String) -> [UInt8]? {
        let digits = text.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count == text.utf8.count, digits.count % 2 == 0 else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}
