// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import MCPAuth
import MCPAuthAPIKeys
import MCPAuthConcurrency
import MCPAuthCore
import MCPAuthJSON
import MCPAuthTesting
import Testing

/// API keys in a file: what they grant, how they end, and what a changed file does.
@Suite struct APIKeyTests {
    private static let now = NumericDate.now()

    /// A file with one key for each of these.
    private struct Keys {
        let path = NSTemporaryDirectory() + "/keys-\(UUID().uuidString).json"
        var file = APIKeyFile()
        var texts: [String] = []

        mutating func add(_ client: String, scopes: [String] = ["read"], expires: Int64? = nil) throws {
            let (key, text) = try APIKey.make(
                prefix: file.prefix,
                clientID: client,
                scopes: scopes,
                expires: expires,
                now: now
            )
            file.keys.append(key)
            texts.append(text)
        }

        func write(mode: Int = 0o600) throws {
            try Data(file.encoded()).write(to: URL(fileURLWithPath: path), options: .atomic)
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        }
    }

    private static func word(_ verdict: TokenVerdict) -> String {
        switch verdict {
        case .verified: "verified"
        case .rejected(let reason, let diagnosis): diagnosis?.found ?? "\(reason)"
        case .notMine: "not mine"
        case .unavailable: "unavailable"
        }
    }

    private static func ask(
        _ verifier: APIKeyVerifier,
        _ token: String,
        _ now: NumericDate = now
    ) async throws -> String {
        let request = ProtectedResourceRequest(method: .post, path: try #require(RequestPath("/mcp")))
        return word(try await verifier.verify(AccessToken(bytes: Array(token.utf8)), of: request, now: now))
    }

    @Test func `a key is verified, and every other text is not`() async throws {
        var keys = Keys()
        try keys.add("build")
        try keys.add("deploy", expires: Int64(Self.now.secondsSinceEpoch) + 60)
        try keys.write()
        let verifier = try APIKeyVerifier(file: keys.path, audience: nil) { _ in }
        let (first, second) = (keys.texts[0], keys.texts[1])
        let parts = first.split(separator: "_", maxSplits: 2).map(String.init)
        for (token, expected) in [
            (first, "verified"), (second, "verified"), ("", "not mine"), ("mak", "not mine"), ("opaque", "not mine"),
            ("eyJh.e30.x", "not mine"), ("MAK_\(parts[1])_\(parts[2])", "not mine"),
            ("mak_\(parts[1])", "not mine"), ("mak_\(parts[1])_", "an unknown id, or another secret"),
            ("mak_\(parts[1])_\(parts[2])x", "an unknown id, or another secret"),
            ("mak_\(parts[1])_\(parts[2].dropLast())", "an unknown id, or another secret"),
            (
                "mak_\(parts[1].uppercased())_\(parts[2])",
                parts[1] == parts[1].uppercased() ? "verified" : "an unknown id, or another secret"
            ),
            ("mak_0000000000000000_\(parts[2])", "an unknown id, or another secret"),
            ("mak_\(second.split(separator: "_")[1])_\(parts[2])", "an unknown id, or another secret"),
        ] {
            #expect(try await Self.ask(verifier, token) == expected, "\(token.prefix(24))")
        }
        #expect(try await Self.ask(verifier, second, Self.now.adding(61)) == "expired")
        let text = try String(contentsOfFile: keys.path, encoding: .utf8)
        #expect(!text.contains(parts[2]))
    }

    @Test func `a changed file takes effect, and one with a mistake changes nothing and is reported once`() async throws
    {
        var keys = Keys()
        try keys.add("build")
        try keys.write()
        let reports = Lock<[String]>([])
        let verifier = try APIKeyVerifier(file: keys.path, audience: nil) { line in reports.withLock { $0.append(line) }
        }
        #expect(try await Self.ask(verifier, keys.texts[0]) == "verified")
        keys.file.keys[0].revoked = 1
        try keys.add("new")
        try keys.write()
        let later = Self.now.adding(2)
        #expect(try await Self.ask(verifier, keys.texts[0], later) == "a revoked key")
        #expect(try await Self.ask(verifier, keys.texts[1], later) == "verified")
        try "{".write(toFile: keys.path, atomically: true, encoding: .utf8)
        for seconds in [4.0, 6, 8] {
            #expect(try await Self.ask(verifier, keys.texts[1], Self.now.adding(seconds)) == "verified")
        }
        try FileManager.default.removeItem(atPath: keys.path)
        for seconds in [10.0, 12] {
            #expect(try await Self.ask(verifier, keys.texts[0], Self.now.adding(seconds)) == "a revoked key")
        }
        #expect(reports.withLock(\.count) == 2, "\(reports.withLock { $0 })")
    }

    @Test(arguments: [0o660, 0o602, 0o666])
    func `a file that others may write is refused`(mode: Int) throws {
        var keys = Keys()
        try keys.add("build")
        try keys.write(mode: mode)
        #expect(throws: ConfigurationError.self) { try APIKeyVerifier(file: keys.path, audience: nil) { _ in } }
    }

    @Test(arguments: [
        ("{}", "missing key `version`"), (#"{"version":1}"#, "missing key `prefix`"),
        (#"{"version":1,"prefix":"a_b"}"#, "a prefix has"),
        (#"{"version":1,"prefix":"mak","keys":[{}]}"#, "missing key `id`"),
        (#"{"version":1,"prefix":"mak","kesy":[]}"#, "unknown key `kesy`"),
        (#"{"version":1,"prefix":"mak","keys":[{"id":"x","client_id":"c"}]}"#, "16 hexadecimal digits"),
    ])
    func `a mistake in a file is reported at its place`(text: String, message: String) {
        let error = #expect(throws: ConfigurationError.self) {
            try APIKeyFile(file: "keys.json", bytes: Array(text.utf8))
        }
        #expect(
            error?.description.hasPrefix("keys.json:1:") == true && error?.message.contains(message) == true,
            "\(error as Any)"
        )
    }

    @Test func `a written file is read as it was`() throws {
        var keys = Keys()
        try keys.add("build", scopes: ["a", "b"], expires: 4_000_000_000)
        keys.file.keys[0].revoked = 5
        #expect(try APIKeyFile(file: "keys.json", bytes: keys.file.encoded()) == keys.file)
    }

    private static let conforming: VerifierConformanceTest? = {
        var keys = Keys()
        guard (try? keys.add("build")) != nil, (try? keys.add("other")) != nil, (try? keys.write()) != nil,
            let verifier = try? APIKeyVerifier(
                file: keys.path,
                audience: "https://api.example.test/x",
                report: { _ in }
            )
        else { return nil }
        let mixed = keys.texts[0].prefix(21) + keys.texts[1].dropFirst(21)
        return VerifierConformanceTest(
            verifier,
            issuer: "urn:example:keys",
            resource: "https://api.example.test/x",
            good: keys.texts[0],
            bad: [String(mixed), "mak_0123456789abcdef_\(UUID().uuidString)"]
        )
    }()

    @Test(arguments: conforming?.checks ?? [])
    func conforms(to check: ConformanceCheck) async throws {
        try await check.run()
    }

    @Test func `the conformance kit has its keys`() {
        #expect(Self.conforming != nil)
    }
}
