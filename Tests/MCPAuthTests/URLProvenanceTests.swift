// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuth
import MCPAuthCore
import MCPAuthJSON
import MCPAuthVerification
import TestSupport
import Testing

/// Who chose a URL, for each setting that can contain one.
@Suite struct URLProvenanceTests {
    private static let document = "https://issuer.example/.well-known/openid-configuration"
    private static let learned = learnedFrom("https://issuer.example")

    /// A way to configure the issuer, and who chose the URLs that are then fetched.
    struct Way: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let change: @Sendable (inout AuthorizationServer) -> Void
        let keys: FetchRequest.Provenance
        let introspection: FetchRequest.Provenance

        init(
            _ name: String,
            keys: FetchRequest.Provenance,
            introspection: FetchRequest.Provenance,
            _ change: @escaping @Sendable (inout AuthorizationServer) -> Void
        ) {
            testDescription = name
            self.change = change
            self.keys = keys
            self.introspection = introspection
        }
    }

    static let ways = [
        Way("the document", keys: learned, introspection: learned) { _ in },
        Way("metadata_url", keys: learnedAtURL, introspection: learnedAtURL) {
            $0.discovery = .metadataURL("https://issuer.example/own/metadata")
        },
        Way("inline metadata", keys: .configured, introspection: .configured) {
            $0.discovery = .inline(metadata)
        },
        Way("an override of the keys", keys: .configured, introspection: learned) {
            $0.overrides = JSON(text: #"{"jwks_uri":"https://keys.internal/jwks"}"#)
        },
        Way("an override that repeats the document", keys: .configured, introspection: learned) {
            $0.overrides = JSON(text: #"{"jwks_uri":"https://elsewhere.example/jwks"}"#)
        },
        Way("an override of something else", keys: learned, introspection: learned) {
            $0.overrides = JSON(text: #"{"x":1}"#)
        },
        Way("the endpoint of introspection", keys: learned, introspection: .configured) {
            $0.introspection?.endpoint = "https://introspection.internal/introspect"
        },
        Way("a function", keys: .configured, introspection: learned) {
            $0.transformMetadata = {
                $0.replacing("https://elsewhere.example/jwks", with: "https://keys.internal/jwks")
            }
        },
        Way("a function that changes nothing", keys: learned, introspection: learned) { $0.transformMetadata = { $0 } },
        Way("a function that takes the URL from another member", keys: learned, introspection: learned) {
            $0.transformMetadata = {
                $0.replacing("https://elsewhere.example/jwks", with: "https://other.example/keys")
            }
        },
        Way("a function that writes it otherwise", keys: learned, introspection: learned) {
            $0.transformMetadata = {
                $0.replacing("https://elsewhere.example/jwks", with: "HTTPS://OTHER.EXAMPLE:443/keys")
            }
        },
    ]

    private static let learnedAtURL = learnedFrom("https://issuer.example/own/metadata")

    private static func learnedFrom(_ url: String) -> FetchRequest.Provenance {
        HTTPURL(url).map { .learned(from: $0) } ?? .configured
    }

    private static let metadata: JSON = [
        "issuer": "https://issuer.example", "jwks_uri": "https://elsewhere.example/jwks",
        "introspection_endpoint": "https://elsewhere.example/introspect", "x_keys": ["https://other.example/keys"],
    ]

    @Test(arguments: ways)
    func `a URL has the provenance configured if an operator or developer wrote it, and learned otherwise`(
        way: Way
    ) async throws {
        let fetcher = FixtureFetcher([
            Self.document: Self.metadata.encoded(), "https://issuer.example/own/metadata": Self.metadata.encoded(),
        ])
        var server = AuthorizationServer(issuer: "https://issuer.example", discovery: .oidc)
        server.introspection = .init(authentication: .clientSecretBasic(clientID: "rs", secret: Secret("s")))
        way.change(&server)
        let resource = try ResourceConfiguration("https://api.example.com/notes", authorizationServers: [server])
        let door = try Door([resource], fetcher: fetcher)
        let issuer = try FixtureIssuer("https://issuer.example", fetcher: FixtureFetcher([:]))
        #expect(try await door.request(authorization: ["Bearer \(try issuer.token())"]).status == 503)
        #expect(try await door.request(authorization: ["Bearer opaque"]).status == 503)
        let keys = try #require(fetcher.received.first { ["/jwks", "/keys"].contains($0.url.path) })
        #expect(Self.isSame(keys.provenance, way.keys), "\(keys.url): \(keys.provenance)")
        let introspection = try #require(fetcher.received.first { $0.form != nil })
        #expect(Self.isSame(introspection.provenance, way.introspection), "\(introspection.provenance)")
        for request in fetcher.received
        where request.url.path.contains("metadata") || request.url.description == Self.document {
            #expect(request.provenance == .configured)
        }
    }

    /// Learned URLs are equal if the documents have the same host.
    private static func isSame(_ one: FetchRequest.Provenance, _ other: FetchRequest.Provenance) -> Bool {
        switch (one, other) {
        case (.configured, .configured): true
        case (.learned(let one), .learned(let other)): one.host == other.host
        default: false
        }
    }
}
