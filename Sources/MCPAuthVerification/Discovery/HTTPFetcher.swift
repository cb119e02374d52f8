// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore

/// Sends the requests that verification needs: metadata, JWK Sets, introspection.
///
/// An implementation must send exactly one request, follow no redirect, verify TLS certificates, stop at the limits
/// below, end when its task is cancelled, and obey ``FetchRequest/Provenance`` for the address it connects to.
package protocol HTTPFetcher: Sendable {
    /// The clock by which what is fetched ages.
    var clock: SteadyClock { get }

    func fetch(_ request: FetchRequest) async throws(FetchError) -> FetchResponse

    /// Checks that requests can be sent with these settings, when they are configured and not when they are needed.
    func check(_ tls: TLSSettings) throws(FetchError)
}

extension HTTPFetcher {
    package var clock: SteadyClock { .system }
    package func check(_ tls: TLSSettings) throws(FetchError) {}
}

/// One outgoing request.
package struct FetchRequest: Sendable {
    /// Who chose the URL.
    package enum Provenance: Sendable, Equatable {
        /// An operator or developer wrote it.
        case configured
        /// A document fetched from this URL named it. It must not lead to a private address, unless it stays on the
        /// host of that document.
        case learned(from: HTTPURL)
    }

    package let url: HTTPURL
    package let provenance: Provenance
    package let accept: String
    /// The value of `Authorization`; a secret.
    package let authorization: String?
    /// A form body, which makes the request a POST.
    package let form: [UInt8]?
    /// Who this client is on the TLS level, and which authorities it trusts there; `nil` for nobody and those of the
    /// system.
    package let tls: TLSSettings?
    /// The largest accepted response body, in bytes.
    package let maximumBytes: Int
    /// For the whole exchange, from the look-up of the name to the last byte of the answer, in seconds.
    package let timeout: Double

    package init(
        url: HTTPURL,
        provenance: Provenance,
        accept: String = "application/json",
        authorization: String? = nil,
        form: [UInt8]? = nil,
        tls: TLSSettings? = nil,
        maximumBytes: Int = 512 * 1024,
        timeout: Double = FetchTiming().deadline
    ) {
        self.url = url
        self.provenance = provenance
        self.accept = accept
        self.authorization = authorization
        self.form = form
        self.tls = tls
        self.maximumBytes = maximumBytes
        self.timeout = timeout
    }

    /// Whether the scheme may be used: `https`, and `http` only to this machine or where it is allowed by name.
    package func usesAllowedScheme(dangerouslyAllowHTTP: Bool) -> Bool {
        url.scheme == "https" || url.isLoopback || dangerouslyAllowHTTP
    }

    /// Whether the address the host resolves to must be a public one.
    package var mustReachPublicAddress: Bool {
        guard case .learned(let origin) = provenance else { return false }
        return origin.host != url.host
    }
}

/// What is particular about TLS with one authorization server: PEM text, as it was read when it was configured.
///
/// It holds a private key, and prints none.
package struct TLSSettings:
    Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable
{
    /// With what this client makes itself known (RFC 8705 section 2).
    package struct Identity: Sendable, Hashable {
        /// The client's certificate chain.
        package let certificate: [UInt8]
        package let privateKey: [UInt8]

        package init(certificate: [UInt8], privateKey: [UInt8]) {
            self.certificate = certificate
            self.privateKey = privateKey
        }
    }

    package let identity: Identity?
    /// The authorities to trust in place of the system's.
    package let authorities: [UInt8]?

    package init(identity: Identity? = nil, authorities: [UInt8]? = nil) {
        self.identity = identity
        self.authorities = authorities
    }

    package var description: String { "<redacted>" }
    package var debugDescription: String { "<redacted>" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}

package struct FetchResponse: Sendable {
    package let status: Int
    package let body: [UInt8]

    package init(status: Int, body: [UInt8]) {
        self.status = status
        self.body = body
    }
}

/// Why a fetch gave no response.
///
/// The message names no secret and no token.
package struct FetchError: Error, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
