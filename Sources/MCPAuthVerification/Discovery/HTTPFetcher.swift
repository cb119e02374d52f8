// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore

/// Sends the requests that verification needs: metadata, JWK Sets, introspection.
///
/// An implementation must send exactly one request, follow no redirect, verify TLS certificates, stop at the limits
/// below, and obey ``FetchRequest/Provenance`` for the address it connects to.
package protocol HTTPFetcher: Sendable {
    func fetch(_ request: FetchRequest) async throws(FetchError) -> FetchResponse
}

/// One outgoing request.
package struct FetchRequest: Sendable {
    /// Who chose the URL.
    package enum Provenance: Sendable {
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
    /// Who this client is on the TLS level, and whom it believes there; `nil` for nobody and the system's roots.
    package let tls: TLSIdentity?
    /// The largest accepted response body, in bytes.
    package let maximumBytes: Int
    /// For the whole exchange, in seconds.
    package let timeout: Double

    package init(
        url: HTTPURL,
        provenance: Provenance,
        accept: String = "application/json",
        authorization: String? = nil,
        form: [UInt8]? = nil,
        tls: TLSIdentity? = nil,
        maximumBytes: Int = 512 * 1024,
        timeout: Double = 5
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

/// Files of PEM text with which a client makes itself known by TLS (RFC 8705 section 2).
package struct TLSIdentity: Sendable, Hashable {
    /// The client's certificate chain.
    package let certificate: String
    package let privateKey: String
    /// The authorities to believe instead of the system's.
    package let trustRoots: String?
    /// What tells the files from those that had these names before, such as a digest.
    package let version: String

    package init(certificate: String, privateKey: String, trustRoots: String? = nil, version: String = "") {
        self.certificate = certificate
        self.privateKey = privateKey
        self.trustRoots = trustRoots
        self.version = version
    }
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
