// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Sends the requests that verification needs: metadata, JWK Sets, introspection.
///
/// With the trait AsyncHTTPClient there is one already; another one is for applications that bring an HTTP client of their
/// own. An implementation must
///
/// - send exactly one request and follow no redirect;
/// - use the URL only if ``FetchRequest/usesAllowedScheme(dangerouslyAllowHTTP:)`` allows it, and verify TLS certificates;
/// - connect to a public address only where ``FetchRequest/mustReachPublicAddress`` says so, to the very address that it
///   looked at;
/// - use ``FetchRequest/tls`` or refuse a request that has such settings;
/// - stop at ``FetchRequest/maximumBytes`` and after ``FetchRequest/timeout``, and when its task is cancelled;
/// - ask for no content coding, and refuse an answer that has one.
public protocol HTTPFetcher: Sendable {
    /// Sends a request and reads the whole answer, whatever its status.
    ///
    /// - Throws: ``FetchError`` when there is no answer, or none that may be used.
    func fetch(_ request: FetchRequest) async throws(FetchError) -> FetchResponse
}

/// A fetcher that brings the clock by which what is fetched ages.
package protocol ClockedFetcher: HTTPFetcher {
    var clock: SteadyClock { get }
}

/// A fetcher that can say before it is used whether it can use TLS settings.
package protocol TLSCheckingFetcher: HTTPFetcher {
    /// - Throws: ``FetchError`` when requests cannot be sent with these settings.
    func check(_ tls: TLSSettings) throws(FetchError)
}

extension HTTPFetcher {
    /// The clock by which what is fetched ages.
    package var steadyClock: SteadyClock { (self as? any ClockedFetcher)?.clock ?? .system }

    /// Checks that requests can be sent with these settings, when they are configured and not when they are needed.
    package func checkIfPossible(_ tls: TLSSettings) throws(FetchError) {
        try (self as? any TLSCheckingFetcher)?.check(tls)
    }
}

/// One outgoing request.
///
/// It holds credentials and tokens, and prints its URL only.
public struct FetchRequest: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Who chose the URL.
    package enum Provenance: Sendable, Equatable {
        /// An operator or developer wrote it.
        case configured
        /// A document fetched from this URL named it. It must not lead to a private address, unless it stays on the
        /// host of that document.
        case learned(from: HTTPURL)
    }

    /// Where it goes.
    public let url: HTTPURL
    package let provenance: Provenance
    /// The value of `Accept`.
    public let accept: String
    /// The value of `Authorization`; a secret.
    public let authorization: String?
    /// A form body, which makes the request a POST.
    public let form: [UInt8]?
    /// Who this client is on the TLS level, and which authorities it trusts there; `nil` for nobody and those of the
    /// system.
    public let tls: TLSSettings?
    /// The largest accepted response body, in bytes.
    public let maximumBytes: Int
    /// For the whole exchange, from the look-up of the name to the last byte of the answer, in seconds.
    public let timeout: Double

    package init(
        url: HTTPURL,
        provenance: Provenance,
        accept: String = "application/json",
        authorization: String? = nil,
        form: [UInt8]? = nil,
        tls: TLSSettings? = nil,
        maximumBytes: Int = 512 * 1024,
        timeout: Double = FetchRequest.defaultTimeout
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

    /// Seconds that a request to an issuer may take.
    package static let defaultTimeout = 5.0

    /// The URL.
    public var description: String { "\(form == nil ? "GET" : "POST") \(url)" }
    /// The URL.
    public var debugDescription: String { description }
    /// Without any content.
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// Whether the scheme may be used: `https`, and `http` only to this machine or where it is allowed by name.
    public func usesAllowedScheme(dangerouslyAllowHTTP: Bool) -> Bool {
        url.scheme == "https" || url.isLoopback || dangerouslyAllowHTTP
    }

    /// Whether the address the host resolves to must be a public one.
    public var mustReachPublicAddress: Bool {
        guard case .learned(let origin) = provenance else { return false }
        return origin.host != url.host
    }
}

/// What is particular about TLS with one authorization server: PEM text, as it was read when it was configured.
///
/// It holds a private key, and prints none.
public struct TLSSettings:
    Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable
{
    /// With what this client makes itself known (RFC 8705 section 2).
    public struct Identity:
        Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable
    {
        /// The client's certificate chain.
        public let certificate: [UInt8]
        /// Its private key.
        public let privateKey: [UInt8]

        package init(certificate: [UInt8], privateKey: [UInt8]) {
            self.certificate = certificate
            self.privateKey = privateKey
        }

        /// Without any content.
        public var description: String { "<redacted>" }
        /// Without any content.
        public var debugDescription: String { "<redacted>" }
        /// Without any content.
        public var customMirror: Mirror { Mirror(self, children: []) }
    }

    /// With what this client makes itself known; `nil` when with nothing.
    public let identity: Identity?
    /// The authorities to trust in place of the system's.
    public let authorities: [UInt8]?

    package init(identity: Identity? = nil, authorities: [UInt8]? = nil) {
        self.identity = identity
        self.authorities = authorities
    }

    /// Without any content.
    public var description: String { "<redacted>" }
    /// Without any content.
    public var debugDescription: String { "<redacted>" }
    /// Without any content.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// The answer to a ``FetchRequest``.
public struct FetchResponse: Sendable {
    /// The HTTP status code.
    public let status: Int
    /// The whole body.
    public let body: [UInt8]

    /// An answer.
    public init(status: Int, body: [UInt8]) {
        self.status = status
        self.body = body
    }
}

/// Why a fetch gave no response.
///
/// The message names no secret and no token.
public struct FetchError: Error, Sendable, CustomStringConvertible {
    /// The message.
    public let description: String

    /// An error with a message.
    public init(_ description: String) {
        self.description = description
    }
}
