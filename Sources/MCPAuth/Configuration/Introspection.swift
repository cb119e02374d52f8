// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

public import enum MCPAuthJOSE.SignatureAlgorithm

extension AuthorizationServer {
    /// How an authorization server is asked about its tokens (RFC 7662).
    public struct Introspection: Sendable {
        /// How this resource server proves who it is.
        public enum Authentication: Sendable {
            /// Client identifier and secret in `Authorization: Basic`.
            case clientSecretBasic(clientID: String, secret: Secret)
            /// Client identifier and secret in the form.
            case clientSecretPost(clientID: String, secret: Secret)
            /// A JWT signed with a private key in PEM (RFC 7523).
            ///
            /// `audience` is the issuer identifier unless the server wants another.
            case privateKeyJWT(
                clientID: String,
                privateKey: Secret,
                algorithm: SignatureAlgorithm? = nil,
                audience: String? = nil
            )
            /// A bearer token of this resource server's own.
            case bearer(token: Secret)
            /// A client certificate (RFC 8705).
            case mutualTLS(clientID: String, TLSFiles)
        }

        /// Files of PEM text for mutual TLS.
        public struct TLSFiles: Sendable, Hashable {
            /// The certificate chain of this resource server.
            public var certificate: String
            /// Its private key, not encrypted.
            public var privateKey: String
            /// The authorities to trust for introspection, in place of those of the server's `caFile` or the system.
            public var trustRoots: String?

            /// Names the files.
            public init(certificate: String, privateKey: String, trustRoots: String? = nil) {
                self.certificate = certificate
                self.privateKey = privateKey
                self.trustRoots = trustRoots
            }
        }

        /// Which tokens are shown to the server.
        public enum Tokens: String, Sendable, CaseIterable {
            /// All but JWTs that name an issuer, which are verified with its keys.
            case opaque
            /// Only JWTs that name the server, for servers whose keys do not verify them.
            case jwt
            /// Both.
            case any
        }

        /// `nil` for the `introspection_endpoint` of the metadata.
        public var endpoint: String?
        /// How this resource server proves who it is.
        public var authentication: Authentication
        /// Which tokens are shown to the server.
        public var tokens: Tokens
        /// Only tokens that begin so are shown to this server; needed when several servers of a resource introspect.
        public var tokenPrefix: String
        /// The audience of responses that name none; `nil` to refuse them.
        public var assumedAudience: String?
        /// Seconds for which an active token is not asked about again; 0 to ask each time.
        public var cacheSeconds: Double
        /// Seconds for which a token that is not acceptable is not asked about again.
        public var negativeCacheSeconds: Double
        /// Seconds for which a response without `exp` counts, 1 to 86400; `nil` to refuse tokens without `exp`.
        ///
        /// After them, and after ``cacheSeconds``, the server is asked again.
        public var maximumSecondsWithoutExpiry: Double?
        /// The most requests at once; more are answered 503.
        public var maximumConcurrency: Int
        /// The most requests that begin in a second.
        public var maximumPerSecond: Int

        /// Describes how to introspect; only the credentials must be said.
        public init(
            endpoint: String? = nil,
            authentication: Authentication,
            tokens: Tokens = .opaque,
            tokenPrefix: String = "",
            assumedAudience: String? = nil,
            cacheSeconds: Double = 30,
            negativeCacheSeconds: Double = 10,
            maximumConcurrency: Int = 64,
            maximumPerSecond: Int = 500,
            maximumSecondsWithoutExpiry: Double? = nil
        ) {
            self.endpoint = endpoint
            self.authentication = authentication
            self.tokens = tokens
            self.tokenPrefix = tokenPrefix
            self.assumedAudience = assumedAudience
            self.cacheSeconds = cacheSeconds
            self.negativeCacheSeconds = negativeCacheSeconds
            self.maximumConcurrency = maximumConcurrency
            self.maximumPerSecond = maximumPerSecond
            self.maximumSecondsWithoutExpiry = maximumSecondsWithoutExpiry
        }
    }
}
