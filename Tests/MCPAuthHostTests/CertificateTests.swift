// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if AsyncHTTPClient
import Foundation
import HTTPTypes
import MCPAuthCore
import MCPAuthJSON
import MCPAuthSigning
import MCPAuthVerification
import TestSupport
import Testing

@testable import MCPAuth

/// Which server certificates are trusted, and the errors for others.
@Suite(.timeLimit(.minutes(2))) struct CertificateTests {
    private static let authority = "tls/ca.pem"

    @Test func `the authorities of an issuer are trusted instead of the system's`() async throws {
        try await TLSServer.serving("server", Self.empty) { server in
            do {
                let status = try await Self.fetch(server, Self.trusting(Self.authority)).status
                #expect(status == 200)
            }
            do {
                let status = try await Self.fetch(server, Self.trusting(Self.authority), host: "localhost").status
                #expect(status == 200)
            }
        }
    }

    @Test(arguments: [
        (
            "server", nil,
            "no authority that this system trusts has signed it; `ca_file` of an issuer, or SSL_CERT_FILE, names others"
        ),
        ("server", "tls/other-ca.pem", "none of the configured authorities has signed it"),
        ("expired", authority, "it or a certificate it depends on has expired"),
        ("future", authority, "it is not valid yet, or the clock of this machine is wrong"),
        ("elsewhere", authority, "it is not for this host name"),
    ])
    private func `an error says what is wrong with a certificate, and no request is sent`(
        certificate: String,
        authorities: String?,
        why: String
    ) async throws {
        try await TLSServer.serving(certificate, Self.empty) { server in
            let tls = try authorities.map(Self.trusting)
            let error = await #expect(throws: FetchError.self) { try await Self.fetch(server, tls, host: "localhost") }
            let port = server.port
            #expect(error?.description == "https://localhost:\(port): the TLS certificate is not trusted: \(why)")
            #expect(server.count == 0)
        }
    }

    @Test func `SSL_CERT_FILE names the authorities of all issuers without their own`() async throws {
        let file = try Self.file(Vectors.text(Self.authority))
        let environment = ["SSL_CERT_FILE": file, "SSL_CERT_DIR": "/nonexistent"]
        try await TLSServer.serving("server", Self.empty) { server in
            do {
                let status = try await Self.fetch(server, nil, environment).status
                #expect(status == 200)
            }
            // The authorities of the issuer take precedence.
            await #expect(throws: FetchError.self) {
                try await Self.fetch(server, Self.trusting("tls/other-ca.pem"), environment)
            }
        }
    }

    @Test func `SSL_CERT_DIR names directories of authorities`() async throws {
        let directory = NSTemporaryDirectory() + "mcp-auth-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try Vectors.text(Self.authority).write(toFile: "\(directory)/ours.pem", atomically: true, encoding: .utf8)
        try "no certificate".write(toFile: "\(directory)/README", atomically: true, encoding: .utf8)
        try await TLSServer.serving("server", Self.empty) { server in
            do {
                let status = try await Self.fetch(server, nil, ["SSL_CERT_DIR": "/nonexistent:\(directory)"]).status
                #expect(status == 200)
            }
        }
    }

    @Test(arguments: [
        (
            ["SSL_CERT_FILE": "/nonexistent.pem"],
            "SSL_CERT_FILE names the file `/nonexistent.pem`, in which no certificate"
        ),
        (["SSL_CERT_FILE": #filePath], "in which no certificate can be read"),
        (["SSL_CERT_FILE": "", "SSL_CERT_DIR": ""], "the TLS certificate is not trusted"),
    ])
    private func `a variable that names no certificate is an error, and an empty one is ignored`(
        environment: [String: String],
        words: String
    ) async throws {
        try await TLSServer.serving("server", Self.empty) { server in
            let error = await #expect(throws: FetchError.self) { try await Self.fetch(server, nil, environment) }
            #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
        }
    }

    @Test func `a client certificate works together with the authorities of the issuer`() async throws {
        try await TLSServer.serving("server", clients: true, Self.empty) { server in
            let identity = TLSSettings.Identity(
                certificate: Array(try Vectors.text("tls/client.pem").utf8),
                privateKey: Array(try Vectors.text("tls/client.key").utf8)
            )
            let authorities = Array(try Vectors.text(Self.authority).utf8)
            let both = TLSSettings(identity: identity, authorities: authorities)
            do {
                let status = try await Self.fetch(server, both).status
                #expect(status == 200)
            }
            let error = await #expect(throws: FetchError.self) {
                try await Self.fetch(server, TLSSettings(authorities: authorities))
            }
            #expect(
                error?.description.hasSuffix("the server wants a TLS client certificate") == true,
                "\(String(describing: error))"
            )
        }
    }

    @Test(arguments: ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
    func `a file of authorities without a certificate is refused when it is configured`(text: String) throws {
        let server = AuthorizationServer(issuer: "https://as.example", discovery: .oidc, caFile: try Self.file(text))
        let resource = try ResourceConfiguration("https://api.example.com/x", authorizationServers: [server])
        let error = #expect(throws: ConfigurationError.self) { try MCPAuth(protectedResources: [resource]) }
        #expect(error?.message.contains("`ca_file` of `https://as.example` cannot be used") == true)
    }

    @Test func `a client certificate with the wrong private key is refused when it is configured`() throws {
        let files = AuthorizationServer.Introspection.TLSFiles(
            certificate: try Self.file(Vectors.text("tls/client.pem")),
            privateKey: try Self.file(Vectors.text("tls/server.key"))
        )
        let server = AuthorizationServer(
            issuer: "https://as.example",
            discovery: .oidc,
            introspection: .init(
                endpoint: "https://as.example/introspect",
                authentication: .mutualTLS(clientID: "rs", files)
            )
        )
        let resource = try ResourceConfiguration("https://api.example.com/x", authorizationServers: [server])
        let error = #expect(throws: ConfigurationError.self) { try MCPAuth(protectedResources: [resource]) }
        #expect(error?.message.contains("does not belong to its private key") == true)
    }

    @Test func `a changed file of authorities takes effect after a reload, for metadata and keys`() async throws {
        let key = try SigningKey(.es256)
        let document: @Sendable (String, Int) -> [UInt8] = { path, port in
            let origin = "https://127.0.0.1:\(port)"
            let metadata: JSON = ["issuer": .string(origin), "jwks_uri": .string(origin + "/jwks")]
            return (path == "/jwks" ? ["keys": [key.publicJWK]] : metadata).encoded()
        }
        try await TLSServer.serving("server", document) { server in
            let path = try Self.file(Vectors.text("tls/other-ca.pem"))
            let issuer = "https://127.0.0.1:\(server.port)"
            let one = AuthorizationServer(issuer: IssuerIdentifier(issuer), discovery: .oidc, caFile: path)
            let resource = try ResourceConfiguration("https://api.example.com/x", authorizationServers: [one])
            let mcpAuth = try MCPAuth(protectedResources: [resource])
            let token = try Self.token(of: issuer, key)
            #expect(await mcpAuth.status(of: token) == 503)
            try mcpAuth.reload(MCPAuthConfiguration(resources: [resource]))
            #expect(await mcpAuth.status(of: token) == 503, "the file did not change")
            try Vectors.text(Self.authority).write(toFile: path, atomically: true, encoding: .utf8)
            try mcpAuth.reload(MCPAuthConfiguration(resources: [resource]))
            #expect(await mcpAuth.status(of: token) == 200)
        }
    }

    private static let empty: @Sendable (String, Int) -> [UInt8] = { _, _ in Array("{}".utf8) }

    private static func trusting(_ file: String) throws -> TLSSettings {
        TLSSettings(authorities: Array(try Vectors.text(file).utf8))
    }

    private static func fetch(
        _ server: TLSServer,
        _ tls: TLSSettings?,
        _ environment: [String: String] = [:],
        host: String = "127.0.0.1"
    ) async throws -> FetchResponse {
        let url = try #require(HTTPURL("https://\(host):\(server.port)/"))
        let request = FetchRequest(url: url, provenance: .configured, tls: tls, timeout: 60)
        return try await AsyncHTTPFetcher(environment: environment).fetch(request)
    }

    private static func token(of issuer: String, _ key: SigningKey) throws -> String {
        try key.sign(
            header: ["typ": "at+jwt"],
            claims: [
                "iss": .string(issuer), "sub": "alice", "aud": "https://api.example.com/x",
                "exp": .number(NumericDate.now().secondsSinceEpoch + 600),
            ]
        )
    }

    private static func file(_ text: String) throws -> String {
        let path = NSTemporaryDirectory() + "mcp-auth-\(UUID().uuidString).pem"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }
}
#endif
