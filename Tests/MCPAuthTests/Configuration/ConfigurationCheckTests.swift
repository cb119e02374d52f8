// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import MCPAuth
import MCPAuthCore
import TestSupport
import Testing

/// A configuration in code is checked like a configuration file.
@Suite struct ConfigurationCheckTests {
    private static func build(_ change: (inout MCPAuthConfiguration) -> Void) throws -> MCPAuth {
        let server = AuthorizationServer(issuer: "https://auth.example.com", discovery: .oidc)
        let resource = try ResourceConfiguration("https://api.example.com/x", authorizationServers: [server])
        var configuration = MCPAuthConfiguration(resources: [resource])
        change(&configuration)
        return try MCPAuth(configuration, fetcher: FixtureFetcher([:]))
    }

    @Test(arguments: [(1023, false), (1024, true), (262_144, true), (262_145, false), (0, false), (-1, false)])
    func `the maximum length of tokens must be from 1024 to 262144 bytes`(bytes: Int, isGood: Bool) throws {
        let made = try? Self.build { $0.maximumTokenBytes = bytes }
        #expect((made != nil) == isGood)
    }

    @Test(arguments: [
        (["*"], true), ([], true), (["https://app.example"], true),
        (["https://app.example:8443", "http://[::1]:3"], true),
        (["chrome-extension://abcdef"], true), (["*", "https://app.example"], false), (["https://app.example/"], false),
        (["https://app.example:443"], false), (["https://App.example"], false), (["app.example"], false),
        (["null"], false),
        (["https://"], false), (["https://u@app.example"], false), (["1x://app"], false),
        (["https://app.example?x"], false),
    ])
    func `origins must be written as browsers send them`(origins: [String], isGood: Bool) throws {
        #expect(((try? Self.build { $0.corsAllowedOrigins = origins }) != nil) == isGood)
        guard origins != ["*"] else {
            #expect(throws: ConfigurationError(.invalidValue, "")) {
                try Self.build { $0.resources[0].allowedOrigins = origins }
            }
            return
        }
        #expect(((try? Self.build { $0.resources[0].allowedOrigins = origins }) != nil) == isGood)
    }

    @Test func `unknown access token marks are refused`() throws {
        let error = #expect(throws: ConfigurationError.self) {
            try Self.build { $0.resources[0].authorizationServers[0].accessTokenMarks = ["nonse"] }
        }
        #expect(error?.code == .unknownName && error?.message.contains("did you mean `nonce`") == true)
    }

    @Test func `an issuer with shared secrets need not be a URL, and causes a finding`() throws {
        let secret = HMACSecret(.hs256, secret: Secret(String(repeating: "s", count: 32)))
        let server = AuthorizationServer(issuer: "acme", discovery: .oidc, hmacSecrets: [secret])
        let findings = try Self.build { $0.resources[0].authorizationServers = [server] }.findings
        #expect(findings.map(\.code) == [.unusableMetadata])
        var published = server
        published.hmacSecrets = []
        #expect(throws: ConfigurationError(.invalidValue, "")) {
            try Self.build { $0.resources[0].authorizationServers = [published] }
        }
    }
}
