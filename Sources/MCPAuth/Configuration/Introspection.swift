// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore

public import enum MCPAuthJOSE.SignatureAlgorithm
public import enum MCPAuthVerification.TokenForm

extension AuthorizationServer {
    /// How tokens of an authorization server are introspected (RFC 7662).
    public struct Introspection: Sendable {
        /// How this resource server authenticates to the introspection endpoint.
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
            /// A bearer token of this resource server.
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
            /// The authorities to trust for introspection; they replace the server's `caFile` and those of the system.
            public var trustRoots: String?

            /// Names the files.
            public init(certificate: String, privateKey: String, trustRoots: String? = nil) {
                self.certificate = certificate
                self.privateKey = privateKey
                self.trustRoots = trustRoots
            }
        }

        /// The URL of the endpoint; `nil` for the `introspection_endpoint` of the metadata.
        public var endpoint: String?
        /// How this resource server authenticates to the endpoint.
        public var authentication: Authentication
        /// Which tokens are introspected.
        public var tokens: TokenForm
        /// Only tokens with this prefix are sent to this server; needed when several servers of a resource introspect.
        public var tokenPrefix: String
        /// The audience of responses that name none; `nil` to refuse them.
        public var assumedAudience: String?
        /// How long the response for an accepted token is cached, 0 to 3600 seconds; 0 to introspect each time.
        public var cacheSeconds: Double
        /// How long the response for a refused token is cached, 0 to 3600 seconds.
        public var negativeCacheSeconds: Double
        /// How long a response without `exp` is valid, 1 to 86400 seconds; `nil` to refuse tokens without `exp`.
        ///
        /// The server is asked again after this time or after ``cacheSeconds``, whichever is shorter.
        public var maximumSecondsWithoutExpiry: Double?
        /// The maximum number of concurrent requests; a client whose token would need another one gets status 503.
        public var maximumConcurrency: Int
        /// The maximum number of requests that start in a second.
        public var maximumPerSecond: Int

        /// Describes how to introspect; only `authentication` is required.
        public init(
            endpoint: String? = nil,
            authentication: Authentication,
            tokens: TokenForm = .opaque,
            tokenPrefix: String = "",
            assumedAudience: String? = nil,
            cacheSeconds: Double? = nil,
            negativeCacheSeconds: Double? = nil,
            maximumConcurrency: Int? = nil,
            maximumPerSecond: Int? = nil,
            maximumSecondsWithoutExpiry: Double? = nil
        ) {
            self.endpoint = endpoint
            self.authentication = authentication
            self.tokens = tokens
            self.tokenPrefix = tokenPrefix
            self.assumedAudience = assumedAudience
            self.cacheSeconds = cacheSeconds ?? Double(NumberSetting.cacheSeconds.standard)
            self.negativeCacheSeconds = negativeCacheSeconds ?? Double(NumberSetting.negativeCacheSeconds.standard)
            self.maximumConcurrency = maximumConcurrency ?? Int(NumberSetting.maxConcurrent.standard)
            self.maximumPerSecond = maximumPerSecond ?? Int(NumberSetting.maxPerSecond.standard)
            self.maximumSecondsWithoutExpiry = maximumSecondsWithoutExpiry
        }
    }
}
