// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
internal import MCPAuthJSON
package import MCPAuthSigning

/// How this resource server authenticates to an issuer (RFC 6749 section 2.3, RFC 7662 section 2.1).
package enum ClientAuthentication: Sendable {
    /// `client_secret_basic`.
    case secretBasic(clientID: String, secret: [UInt8])
    /// `client_secret_post`.
    case secretPost(clientID: String, secret: [UInt8])
    /// `private_key_jwt` (RFC 7523 section 2.2): a new assertion for each request, for this audience.
    case privateKeyJWT(clientID: String, key: SigningKey, audience: String)
    /// A bearer token that was issued to this resource server.
    case bearer([UInt8])
    /// `tls_client_auth` (RFC 8705 section 2).
    case mutualTLS(clientID: String, TLSSettings)

    /// What is added to a request.
    struct Credentials {
        var authorization: String?
        var parameters: [(name: String, value: [UInt8])] = []
        var tls: TLSSettings?
    }

    /// Whether the credentials are a bearer token, which the issuer may answer with `invalid_token`.
    var isBearer: Bool {
        if case .bearer = self { true } else { false }
    }

    /// The lifetime of an assertion, in seconds.
    private static let assertionLifetime = 60.0

    /// The credentials for one request.
    ///
    /// - Throws: ``SigningKey/Failure`` when the assertion cannot be signed.
    func credentials(now: NumericDate) throws -> Credentials {
        switch self {
        case .secretBasic(let clientID, let secret):
            // RFC 6749 section 2.3.1: both parts are form-encoded before they are joined.
            let pair = FormEncoding.encoded(Array(clientID.utf8)) + ":" + FormEncoding.encoded(secret)
            return Credentials(authorization: "Basic " + Base64.encode(Array(pair.utf8)))
        case .secretPost(let clientID, let secret):
            return Credentials(parameters: [("client_id", Array(clientID.utf8)), ("client_secret", secret)])
        case .privateKeyJWT(let clientID, let key, let audience):
            let assertion = try key.sign(
                header: ["typ": "client-authentication+jwt"],
                claims: [
                    "iss": .string(clientID), "sub": .string(clientID), "aud": .string(audience),
                    "jti": .string(SecureRandom.token()),
                    "iat": .integer(Int64(now.secondsSinceEpoch)),
                    "exp": .integer(Int64(now.secondsSinceEpoch + Self.assertionLifetime)),
                ]
            )
            return Credentials(parameters: [
                ("client_id", Array(clientID.utf8)), ("client_assertion", Array(assertion.utf8)),
                ("client_assertion_type", Array("urn:ietf:params:oauth:client-assertion-type:jwt-bearer".utf8)),
            ])
        case .bearer(let token):
            return Credentials(authorization: "Bearer " + String(decoding: token, as: UTF8.self))
        case .mutualTLS(let clientID, let tls):
            return Credentials(parameters: [("client_id", Array(clientID.utf8))], tls: tls)
        }
    }
}

/// The `application/x-www-form-urlencoded` form.
enum FormEncoding {
    /// Percent-encodes every byte except ASCII letters, digits, `-`, `.` and `_`.
    static func encoded(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                text.append(byte)
            default:
                text += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 0x0F)]]
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    static func encoded(_ parameters: [(name: String, value: [UInt8])]) -> [UInt8] {
        Array(parameters.map { "\($0.name)=\(encoded($0.value))" }.joined(separator: "&").utf8)
    }
}
