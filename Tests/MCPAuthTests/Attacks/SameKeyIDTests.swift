// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuth
import MCPAuthCore
import MCPAuthJSON
import MCPAuthSigning
import TestSupport
import Testing

/// An issuer that replaced its key and kept the `kid`, such as a development server after a restart.
@Suite struct SameKeyIDTests {
    private static let start = NumericDate(1_795_425_000)

    @Test func `tokens of the new key are accepted after the cool-down, and forged tokens never`() async throws {
        var (door, issuer) = try Door.notes()
        #expect(try await Self.status(door, try issuer.token()) == 200)
        let new = try SigningKey(.es256)
        let header: [String: JSON] = ["typ": "at+jwt", "kid": .string(issuer.key.keyID)]
        issuer.fetcher.serve(
            (["keys": [new.publicJWK.merging(patch: ["kid": .string(issuer.key.keyID)])]] as JSON).encoded(),
            at: "https://issuer.example/jwks"
        )
        let token = try issuer.token(header: header, key: new)
        let forged = try issuer.token(header: header, key: SigningKey(.es256))
        for seconds in [1.0, 10, 29.9] {
            door.now = Self.start.adding(seconds)
            #expect(try await Self.status(door, token) == 401, "\(seconds)")
        }
        #expect(issuer.fetcher.requests.count == 2, "metadata and one key set")
        door.now = Self.start.adding(31)
        #expect(try await Self.status(door, token) == 200, "the request that has them fetched is answered by them")
        #expect(try await Self.status(door, forged) == 401)
        #expect(issuer.fetcher.requests.count == 3)
        for seconds in 32..<61 {
            door.now = Self.start.adding(Double(seconds))
            #expect(try await Self.status(door, forged) == 401, "\(seconds)")
        }
        #expect(issuer.fetcher.requests.count == 3, "bad signatures cause one fetch for each cool-down")
    }

    @Test func `a key of another type with the same kid is found in the same way`() async throws {
        var (door, issuer) = try Door.notes()
        #expect(try await Self.status(door, try issuer.token()) == 200)
        let new = try SigningKey(.rs256)
        issuer.fetcher.serve(
            (["keys": [new.publicJWK.merging(patch: ["kid": .string(issuer.key.keyID)])]] as JSON).encoded(),
            at: "https://issuer.example/jwks"
        )
        let token = try issuer.token(header: ["typ": "at+jwt", "kid": .string(issuer.key.keyID)], key: new)
        for seconds in [1.0, 29.9] {
            door.now = Self.start.adding(seconds)
            #expect(try await Self.status(door, token) == 401, "\(seconds)")
        }
        #expect(issuer.fetcher.requests.count == 2, "metadata and one key set")
        door.now = Self.start.adding(31)
        #expect(try await Self.status(door, token) == 200)
        #expect(issuer.fetcher.requests.count == 3)
    }

    private static func status(_ door: Door, _ token: String) async throws -> Int {
        try await door.request(authorization: ["Bearer \(token)"]).status
    }
}
