// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MCPAuth
import MCPAuthCore
import MCPAuthJSON
import TestSupport
import Testing

/// The local revocation list.
@Suite struct RevocationTests {
    private static let issuer: IssuerIdentifier = "https://issuer.example"

    @Test(arguments: [
        (RevocationList.Entry(issuer: issuer, tokenID: "j1"), true), (.init(issuer: issuer, tokenID: "j2"), false),
        (.init(issuer: issuer, subject: "alice"), true), (.init(issuer: issuer, subject: "bob"), false),
        (.init(issuer: issuer, clientID: "c1"), true), (.init(issuer: issuer, clientID: "c2"), false),
        (.init(issuer: issuer), true), (.init(issuer: "https://other.example"), false),
        (.init(issuer: "https://other.example", tokenID: "j1"), false),
        (.init(issuer: issuer, subject: "alice", clientID: "c2"), false),
        (.init(issuer: issuer, subject: "alice", clientID: "c1"), true),
        (.init(issuer: issuer, issuedBefore: NumericDate(1_795_425_001)), true),
        (.init(issuer: issuer, issuedBefore: NumericDate(1_795_425_000)), false),
        (.init(issuer: issuer, subject: "alice", issuedBefore: NumericDate(1_795_425_001)), true),
    ])
    func `an entry refuses the tokens that match all its members`(
        entry: RevocationList.Entry,
        isDenied: Bool
    ) async throws {
        let (door, issuer) = try Door.notes()
        let token = try issuer.token()
        #expect(try await door.request(authorization: ["Bearer \(token)"]).status == 200)
        door.mcpAuth.replaceRevocations(with: RevocationList([entry]))
        let answer = try await door.request(authorization: ["Bearer \(token)"])
        #expect(answer.status == (isDenied ? 401 : 200), "a remembered token is looked up too")
        #expect(answer.reason == (isDenied ? "revoked" : nil))
        door.mcpAuth.replaceRevocations(with: RevocationList())
        #expect(try await door.request(authorization: ["Bearer \(token)"]).status == 200)
    }

    @Test func `a token without iat counts as issued before`() async throws {
        let (door, issuer) = try Door.notes()
        let token = try issuer.token(without: ["iat"])
        door.mcpAuth.replaceRevocations(
            with: RevocationList([.init(issuer: Self.issuer, issuedBefore: NumericDate(1))])
        )
        #expect(try await door.request(authorization: ["Bearer \(token)"]).reason == "revoked")
    }

    @Test(
        arguments: [
            (#"{"version":1,"entries":[{"issuer":"https://a.example","jti":"x","issued_before":1795425000}]}"#, nil),
            (#"{"version":1}"#, ":1:1: MA003: missing key `entries`"),
            (#"{"version":1,"entries":[{"jti":"x"}]}"#, ":1:25: MA003: missing key `issuer`"),
            (
                #"{"version":1,"entries":[{"issuer":"https://a.example","subject":"x"}]}"#,
                ":1:55: MA002: unknown key `subject`"
            ),
        ] as [(String, String?)]
    )
    func `a file is read strictly`(text: String, message: String?) throws {
        let path = NSTemporaryDirectory() + "/deny-\(UUID().uuidString).json"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(text.utf8).write(to: URL(filePath: path))
        guard let message else {
            #expect(try RevocationList(file: path).count == 1)
            return
        }
        let error = #expect(throws: ConfigurationError.self) { try RevocationList(file: path) }
        #expect(error?.description.hasPrefix(path + message) ?? false, "\(error?.description ?? "")")
    }
}
