// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuth
import MCPAuthConcurrency
import MCPAuthCore
import MCPAuthJOSE
import MCPAuthJSON
import MCPAuthSigning
import TestSupport
import Testing

/// The provider profiles, applied to tokens like those of the providers, signed with a test key.
@Suite struct ProviderProfileTests {
    private static let reasons = [
        "wrong_token_type": "wrong_token_type", "required_value": "unexpected_claim_value",
        "missing_audience": "audience_mismatch",
    ]

    /// Keys are created once: an RSA key takes a second, which would block other tests.
    private static let keys = Lock<[SignatureAlgorithm: SigningKey]>([:])

    private static func key(_ algorithm: SignatureAlgorithm) throws -> SigningKey {
        try keys.withLock { keys in
            if let key = keys[algorithm] { return key }
            let key = try SigningKey(algorithm)
            keys[algorithm] = key
            return key
        }
    }

    @Test(arguments: ProviderProfile.names)
    func `tokens of a provider are read as expected`(provider: String) async throws {
        let cases = try Vectors.own("provider-profiles/expected.json").array ?? []
        let own = cases.filter { $0["provider"]?.isString(provider) ?? false }
        try #require(own.contains { $0["accepted"]?.boolean == true })
        for sample in own { try await check(sample, try #require(try ProviderProfile.named(provider))) }
    }

    @Test func `every profile has a name, a summary and a documentation URL`() throws {
        for name in ProviderProfile.names {
            let profile = try #require(try ProviderProfile.named(name))
            #expect(profile.name == name)
            #expect(profile.documentation.hasPrefix("https://"))
            #expect(!profile.summary.isEmpty)
        }
        #expect(try ProviderProfile.named("nobody") == nil)
    }

    private func check(_ sample: JSONView, _ profile: ProviderProfile) async throws {
        let name = sample["name"]?.string ?? ""
        let claims = try #require(sample["claims"])
        let issuer = try #require(sample["issuer"]?.string)
        let algorithm = try #require(SignatureAlgorithm(name: sample["header"]?["alg"]?.string ?? ""))
        let key = try Self.key(algorithm)
        var header: [String: JSON] = [:]
        header["typ"] = sample["header"]?["typ"].map(JSON.init)
        let token = try key.sign(header: header, claims: JSON(claims))
        var server = AuthorizationServer(issuer: IssuerIdentifier(issuer), discovery: .oidc)
        profile.apply(to: &server)
        server.discovery = .inline(JSON(text: #"{"issuer":"\#(issuer)","jwks_uri":"https://keys.example/jwks"}"#))
        let audiences = strings(sample["expected"]?["aud"]) + strings(claims["aud"])
        let resource = try ResourceConfiguration(
            "https://api.example.com/notes",
            authorizationServers: [server],
            audiences: audiences
        )
        let keys: JSON = ["keys": [key.publicJWK]]
        let fetcher = FixtureFetcher(["https://keys.example/jwks": keys.encoded()])
        let door = Door(
            mcpAuth: try MCPAuth(MCPAuthConfiguration(resources: [resource]), fetcher: fetcher),
            resource: resource.metadata.resource,
            now: NumericDate(try #require(claims["exp"]?.number) - 10)
        )
        let answer = try await door.request(authorization: ["Bearer \(token)"])
        guard sample["accepted"]?.boolean == true else {
            #expect(answer.status == 401, "\(name)")
            #expect(answer.reason == Self.reasons[sample["reason"]?.string ?? ""], "\(name)")
            return
        }
        #expect(answer.status == 200, "\(name): \(answer.reason ?? "")")
        let authInfo = try #require(answer.authInfo)
        for (claim, value) in sample["expected"]?.members ?? [] {
            let found = authInfo.claims.value(at: JSONPointer(tokens: [claim]))
            let single: JSON? =
                if case .string(let text) = found, claim == "aud" { .array([.string(text)]) } else { found }
            #expect(single == JSON(value), "\(name): \(claim)")
        }
    }

    private func strings(_ value: JSONView?) -> [String] {
        value?.string.map { [$0] } ?? value?.array?.compactMap(\.string) ?? []
    }
}
