// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

public import HTTPTypes

/// Sends the requests that verification needs: metadata, JWK Sets, introspection.
///
/// The package trait AsyncHTTPClient provides an implementation; applications with their own HTTP client can provide
/// another. An implementation must
///
/// - send exactly one request and follow no redirect;
/// - use the URL only if ``FetchRequest/usesAllowedScheme(dangerouslyAllowHTTP:)`` allows it, and verify TLS
///   certificates;
/// - if ``FetchRequest/mustReachPublicAddress`` is true, connect only to a public address, and to the same address that
///   it checked;
/// - use ``FetchRequest/tls``, or refuse a request that has such settings;
/// - stop at ``FetchRequest/maximumBytes``, after ``FetchRequest/timeout``, and when its task is cancelled;
/// - request no content coding, and refuse a response that has one.
public protocol HTTPFetcher: Sendable {
    /// Sends a request and reads the whole response, whatever its status.
    ///
    /// - Throws: ``FetchError`` if there is no response, or if it must not be used.
    func fetch(_ request: FetchRequest) async throws(FetchError) -> FetchResponse
}

/// A fetcher that also provides the clock for the age of fetched documents.
package protocol ClockedFetcher: HTTPFetcher {
    var clock: SteadyClock { get }
}

/// A verifier that sends requests, and is told with what once that is known.
package protocol FetchingVerifier: TokenVerifier {
    /// Sets the fetcher of the engine, before the first request is verified.
    func use(_ fetcher: any HTTPFetcher)
}

/// A fetcher that can check TLS settings before they are used.
package protocol TLSCheckingFetcher: HTTPFetcher {
    /// - Throws: ``FetchError`` when requests cannot be sent with these settings.
    func check(_ tls: TLSSettings) throws(FetchError)
}

extension HTTPFetcher {
    /// The clock for the age of fetched documents.
    package var steadyClock: SteadyClock { (self as? any ClockedFetcher)?.clock ?? .system }

    /// Checks TLS settings when they are configured, if the fetcher supports that.
    package func checkIfPossible(_ tls: TLSSettings) throws(FetchError) {
        try (self as? any TLSCheckingFetcher)?.check(tls)
    }
}

/// One outgoing request.
///
/// It contains credentials and tokens; its description has only the method and the URL.
public struct FetchRequest: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// Who chose the URL.
    package enum Provenance: Sendable, Equatable {
        /// An operator or developer wrote it.
        case configured
        /// A document fetched from this URL named it. It must not lead to a private address, unless it stays on the
        /// host of that document.
        case learned(from: HTTPURL)
    }

    /// The URL to request.
    public let url: HTTPURL
    package var provenance: Provenance
    /// The value of `Accept`.
    public let accept: String
    /// The value of `Authorization`; a secret.
    public let authorization: String?
    /// A body; if there is one, the method is POST.
    ///
    /// Without a `Content-Type` in ``fields``, it is a form.
    public let form: [UInt8]?
    /// Further header fields to send, without `Accept` and `Authorization`; they may contain secrets.
    public let fields: HTTPFields
    /// The client certificate and the trusted authorities for TLS; `nil` for no certificate and the authorities of the
    /// system.
    public let tls: TLSSettings?
    /// The largest accepted response body, in bytes.
    public let maximumBytes: Int
    /// The time limit for the whole exchange, from the DNS look-up to the last byte of the response, in seconds.
    public let timeout: Double

    package init(
        url: HTTPURL,
        provenance: Provenance,
        accept: String = "application/json",
        authorization: String? = nil,
        form: [UInt8]? = nil,
        fields: HTTPFields = [:],
        tls: TLSSettings? = nil,
        maximumBytes: Int = 512 * 1024,
        timeout: Double = FetchRequest.defaultTimeout
    ) {
        self.url = url
        self.provenance = provenance
        self.accept = accept
        self.authorization = authorization
        self.form = form
        self.fields = fields
        self.tls = tls
        self.maximumBytes = maximumBytes
        self.timeout = timeout
    }

    /// The default time limit of a request to an issuer, in seconds.
    package static let defaultTimeout = 5.0

    /// The method and the URL.
    public var description: String { "\(form == nil ? "GET" : "POST") \(url)" }
    /// The method and the URL.
    public var debugDescription: String { description }
    /// Empty, so that reflection shows no secret.
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// Whether the scheme may be used: `https`, or `http` if the host is loopback or `dangerouslyAllowHTTP` is true.
    public func usesAllowedScheme(dangerouslyAllowHTTP: Bool) -> Bool {
        url.isSecure || dangerouslyAllowHTTP
    }

    /// Whether the address the host resolves to must be a public one.
    public var mustReachPublicAddress: Bool {
        guard case .learned(let origin) = provenance else { return false }
        return origin.host != url.host
    }
}

/// The TLS settings for one authorization server, as PEM text that was read with the configuration.
///
/// They contain a private key; their description is redacted.
public struct TLSSettings:
    Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable
{
    /// The client certificate for mutual TLS (RFC 8705 section 2).
    public struct Identity:
        Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable
    {
        /// The certificate chain of the client, in PEM.
        public let certificate: [UInt8]
        /// The private key of the certificate, in PEM.
        public let privateKey: [UInt8]

        package init(certificate: [UInt8], privateKey: [UInt8]) {
            self.certificate = certificate
            self.privateKey = privateKey
        }

        /// Always `<redacted>`.
        public var description: String { "<redacted>" }
        /// Always `<redacted>`.
        public var debugDescription: String { "<redacted>" }
        /// Empty, so that reflection shows no secret.
        public var customMirror: Mirror { Mirror(self, children: []) }
    }

    /// The client certificate; `nil` for none.
    public let identity: Identity?
    /// The authorities to trust instead of those of the system, in PEM; `nil` for those of the system.
    public let authorities: [UInt8]?

    package init(identity: Identity? = nil, authorities: [UInt8]? = nil) {
        self.identity = identity
        self.authorities = authorities
    }

    /// Always `<redacted>`.
    public var description: String { "<redacted>" }
    /// Always `<redacted>`.
    public var debugDescription: String { "<redacted>" }
    /// Empty, so that reflection shows no secret.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// The response to a ``FetchRequest``.
public struct FetchResponse: Sendable {
    /// The HTTP status code.
    public let status: Int
    /// The whole body.
    public let body: [UInt8]

    /// Creates a response.
    public init(status: Int, body: [UInt8]) {
        self.status = status
        self.body = body
    }
}

/// The reason why a fetch failed.
///
/// The message must not contain a secret or a token.
public struct FetchError: Error, Sendable, CustomStringConvertible {
    /// The message.
    public let description: String

    /// Creates an error with a message.
    public init(_ description: String) {
        self.description = description
    }
}
