// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MCPAuth
import MCPAuthCore
import MCPAuthJSON
import TestSupport
import Testing

@Suite struct ConfigurationFileTests {
    static let good = """
        { "version": 1,
          "issuers": { "main": { "issuer": "https://auth.example.com",
            "introspection": { "client_id": "rs", "client_secret": { "env": "SECRET" } } } },
          "resources": [ { "resource": "https://api.example.com/notes", "issuers": ["main"], "policy": "authenticated" } ] }
        """

    @Test func `a valid file is read`() throws {
        let file = try read(Self.good)
        #expect(file.listener.port == 8080)
        #expect(file.configuration.resources.count == 1)
        #expect(String(describing: file.configuration).contains("s3cret") == false)
    }

    @Test(arguments: [
        (#""issuers": { "main""#, #""isuers": { "main""#, "2:3: MA002: unknown key `isuers`, did you mean `issuers`"),
        (#""version": 1,"#, #""version": 1, "version": 1,"#, "1:17: MA007: this object already has this key"),
        (
            #""https://auth.example.com""#, #""auth.example.com""#,
            "2:36: MA005: `auth.example.com` is not an absolute https URL"
        ),
        (#"["main"]"#, #"["mian"]"#, "4:77: MA006: no issuer is named `mian`, did you mean `main`"),
        (#""SECRET""#, #""SECRETS""#, "3:69: MA009: the environment variable `SECRETS` is not set"),
        (#""policy": "authenticated""#, #""policies": ["missing.json"]"#, "4:99: MA008: cannot read the file `"),
        (#", "policy": "authenticated""#, "", "4:18: MA003: missing key `policies`"),
        (#""https://api.example.com/notes""#, #""urn:x""#, "4:32: MA005: invalid resource identifier URI `urn:x`"),
        (
            #""version": 1"#, #""version": 1, "server": {"listen": "8080"}"#,
            "1:38: MA005: `8080` is not an address to listen on"
        ),
    ])
    func `a mistake is reported with its location`(original: String, mistake: String, message: String) throws {
        let error = #expect(throws: ConfigurationError.self) {
            try read(Self.good.replacing(original, with: mistake, maxReplacements: 1))
        }
        let text = error?.description ?? ""
        #expect(text.contains(":\(message)"), "\(text)")
        #expect(!text.contains("s3cret") && !text.contains("\n"))
    }

    @Test(arguments: [
        (#""introspection": {"#, #""introspection": { "method": "client_secret_basc","#, "MA005"),
        (#""introspection": {"#, #""introspection": { "method": "bearer","#, "MA011"),
        (#""introspection": {"#, #""introspection": { "cache_seconds": 3601,"#, "MA005"),
        (#""introspection": {"#, #""introspection": { "tokens": "jwts","#, "MA005"),
        (#""introspection": {"#, #""introspection": { "method": "tls_client_auth","#, "MA011"),
        (#""introspection": {"#, #""provider": "keyclok", "introspection": {"#, "MA006"),
        (#""introspection": {"#, #""provider": "./missing.json", "introspection": {"#, "MA008"),
        (#""introspection": {"#, #""tenants": ["t"], "introspection": {"#, "MA011"),
        (#""introspection": {"#, #""claims": {"roles": {"form": ["a"]}}, "introspection": {"#, "MA002"),
        (#""introspection": {"#, #""claims": {"roles": []}, "introspection": {"#, "MA004"),
        (#""introspection": {"#, #""claims": {"roles": ["/a~2"]}, "introspection": {"#, "MA005"),
        (#""introspection": {"#, #""claims": {"exp": ["a"]}, "introspection": {"#, "MA005"),
        (#""introspection": {"#, #""claims": {"r": {"constant": 1, "from": ["a"]}}, "introspection": {"#, "MA011"),
        (
            #""introspection": {"#, #""claims": {"r": {"from": ["a"], "keep_unmapped": true}}, "introspection": {"#,
            "MA011"
        ),
        (#""introspection": {"#, #""required_values": {"a": "b"}, "introspection": {"#, "MA005"),
        (#""introspection": {"#, #""hmac_secrets": [{"algorithm":"HS257"}], "introspection": {"#, "MA005"),
        (
            #""introspection": {"#,
            #""hmac_secrets": [{"algorithm":"HS256","secret":{"env":"SECRET"}}], "introspection": {"#, "MA005"
        ),
        (#"["main"]"#, #"[{"name":"main","allowed_claims":{"scope":["a"]}}]"#, "MA011"),
        (#"["main"]"#, #"[{"name":"main","allowed_claims":{"roles":"a"}}]"#, "MA004"),
        (#""version": 1"#, #""version": 1, "server": {"token_cache_entries": -1}"#, "MA005"),
        (#""version": 1"#, #""version": 1, "server": {"revocations": "missing.json"}"#, "MA008"),
        (
            #""policy": "authenticated""#,
            #""policy": "authenticated", "protocol": "http", "challenge_in_tool_result": true"#, "MA011"
        ),
        (#""version": 1"#, #""version": 1, "server": {"forward_auth": [{"proxy": "nginx"}]}"#, "MA003"),
        (#""version": 1"#, #""version": 1, "server": {"forward_auth": [{"listen": "127.0.0.1:1"}]}"#, "MA003"),
        (
            #""version": 1"#,
            #""version": 1, "server": {"forward_auth": [{"listen": "127.0.0.1:1", "proxy": "squid"}]}"#, "MA005"
        ),
        (
            #""version": 1"#,
            #""version": 1, "server": {"forward_auth": [{"listen": "unix:verify.sock", "proxy": "nginx"}]}"#, "MA005"
        ),
        (
            #""version": 1"#,
            #""version": 1, "server": {"forward_auth": [{"listen": "127.0.0.1:1", "proxy": "nginx", "path": "verify"}]}"#,
            "MA005"
        ),
        (
            #""version": 1"#,
            #""version": 1, "server": {"forward_auth": [{"listen": "127.0.0.1:1", "proxy": "nginx", "path": "/a/../verify"}]}"#,
            "MA005"
        ),
        (
            #""version": 1"#,
            #""version": 1, "server": {"forward_auth": [{"listen": "127.0.0.1:1", "proxy": "apache", "path": "/verify"}]}"#,
            "MA011"
        ),
        (
            #""version": 1"#,
            #""version": 1, "server": {"forward_auth": [{"listen": "127.0.0.1:1", "proxy": "nginx", "sends_body": true}]}"#,
            "MA011"
        ),
        (
            #""version": 1"#,
            #""version": 1, "server": {"forward_auth": [{"listen": "127.0.0.1:1", "proxy": "caddy", "trusted_proxies": ["10.0.0.1/8"]}]}"#,
            "MA005"
        ),
        (
            #""version": 1"#,
            #""version": 1, "server": {"forward_auth": [{"listen": "127.0.0.1:1", "proxy": "caddy", "trusted_proxies": ["proxy"]}]}"#,
            "MA005"
        ),
        (
            #""version": 1"#,
            #""version": 1, "server": {"forward_auth": [{"listen": "127.0.0.1:1", "proxy": "caddy", "dialect": 1}]}"#,
            "MA002"
        ),
        (#""version": 1"#, #""version": 1, "server": {"ext_authz": {"sends_body": true}}"#, "MA003"),
        (#""version": 1"#, #""version": 1, "server": {"tls": {"certificate": "a.pem"}}"#, "MA003"),
        (
            #""version": 1"#,
            #""version": 1, "server": {"identity": {"prefix": "Content-", "claims": {"Length": "a"}}}"#, "MA011"
        ),
        (
            #""version": 1"#,
            #""version": 1, "server": {"listen": "127.0.0.1:1", "forward_auth": [{"listen": "127.0.0.1:1", "proxy": "caddy"}]}"#,
            "MA007"
        ),
        (#""version": 1"#, #""version": 1, "server": {"identity": {"prefix": "X_Auth-"}}"#, "MA005"),
        (#""version": 1"#, #""version": 1, "server": {"identity": {"prefix": "X-Auth"}}"#, "MA005"),
        (#""version": 1"#, #""version": 1, "server": {"identity": {"claims": {"Subject": "sub"}}}"#, "MA011"),
        (#""version": 1"#, #""version": 1, "server": {"identity": {"claims": {"E_mail": "email"}}}"#, "MA005"),
        (#""version": 1"#, #""version": 1, "server": {"identity": {"claims": {"Email": 1}}}"#, "MA004"),
        (
            #""policy": "authenticated""#,
            #""policy": "authenticated", "protocol": "http", "upstream_validates_mcp_headers": true"#, "MA011"
        ),
        (#""version": 1"#, #""version": 1, "server": {"max_body_bytes_without_token": 1048577}"#, "MA005"),
        (#""version": 1"#, #""version": 1, "server": {"max_token_bytes": 1023}"#, "MA005"),
        (#""version": 1"#, #""version": 1, "server": {"max_token_bytes": 262145}"#, "MA005"),
        (#""version": 1"#, #""version": 1, "server": {"cors": {"origins": ["*"]}}"#, "MA002"),
        (#""version": 1"#, #""version": 1, "server": {"cors": {"allowed_origins": "*"}}"#, "MA004"),
        (
            #""version": 1"#, #""version": 1, "server": {"cors": {"allowed_origins": ["*", "https://a.example"]}}"#,
            "MA005"
        ),
        (#""version": 1"#, #""version": 1, "server": {"cors": {"allowed_origins": ["https://a.example/"]}}"#, "MA005"),
        (#""version": 1"#, #""version": 1, "server": {"cors": {"allowed_origins": ["null"]}}"#, "MA005"),
        (#""version": 1"#, #""version": 1, "server": {"cors": {"allowed_origins": ["https://*.a.example"]}}"#, "MA005"),
        (#""policy": "authenticated""#, #""policy": "authenticated", "allowed_origins": ["*"]"#, "MA005"),
        (#""policy": "authenticated""#, #""policy": "authenticated", "allowed_origins": ["a.example"]"#, "MA005"),
        (#""introspection": {"#, #""access_token_marks": ["nonse"], "introspection": {"#, "MA006"),
        (#""introspection": {"#, #""ca_file": "missing.pem", "introspection": {"#, "MA008"),
        (#""introspection": {"#, #""token_issuer": 7, "introspection": {"#, "MA004"),
    ])
    func `an invalid setting is reported with its code`(original: String, mistake: String, code: String) throws {
        let error = #expect(throws: ConfigurationError.self) {
            try read(Self.good.replacing(original, with: mistake, maxReplacements: 1))
        }
        #expect(error?.code.description == code, "\(error?.description ?? "")")
    }

    @Test func `optional settings are read, and have defaults`() throws {
        let usual = try read(Self.good).configuration
        #expect(usual.maximumTokenBytes == 16384 && usual.corsAllowedOrigins == ["*"])
        #expect(usual.resources[0].allowedOrigins == nil)
        #expect(usual.resources[0].authorizationServers[0].tokenIssuer == nil)
        let ca = NSTemporaryDirectory() + "/ca-\(UUID().uuidString).pem"
        defer { try? FileManager.default.removeItem(atPath: ca) }
        try "PEM".write(toFile: ca, atomically: true, encoding: .utf8)
        let text = Self.good.replacing(
            #""version": 1,"#,
            with: """
                "version": 1, "server": { "max_token_bytes": 262144, "cors": { "allowed_origins": [] } },
                """
        ).replacing(
            #""issuer": "https://auth.example.com","#,
            with: """
                "issuer": "https://auth.example.com", "token_issuer": "http://auth.example.com/trust",
                "access_token_marks": ["nonce", "at_hash"], "ca_file": "\(ca)",
                """
        ).replacing(
            #""policy": "authenticated""#,
            with: """
                "policy": "authenticated",
                "allowed_origins": ["HTTPS://App.Example:443", "http://localhost:3000", "vscode-webview://Abc"]
                """
        )
        let file = try read(text)
        let server = file.configuration.resources[0].authorizationServers[0]
        #expect(file.configuration.maximumTokenBytes == 262_144 && file.configuration.corsAllowedOrigins.isEmpty)
        #expect(server.tokenIssuer == "http://auth.example.com/trust")
        #expect(server.accessTokenMarks == ["nonce", "at_hash"])
        #expect(server.caFile == ca && file.files.contains(ca))
        #expect(
            file.configuration.resources[0].allowedOrigins == [
                "https://app.example", "http://localhost:3000", "vscode-webview://abc",
            ]
        )
    }

    @Test(arguments: [
        ("127.0.0.1:8080", "127.0.0.1", 8080), ("localhost:0", "localhost", 0), ("[::1]:65535", "::1", 65535),
        ("0.0.0.0:80", "0.0.0.0", 80),
    ])
    func `an address to listen on has a host and a port`(text: String, host: String, port: Int) throws {
        let listener = try read(Self.listening(text)).listener
        #expect(listener.host == host && listener.port == port)
        #expect(listener.description == text)
    }

    @Test(arguments: [
        "8080", ":8080", "localhost", "localhost:", "localhost:65536", "localhost:+80", "localhost:-1", "::1:8080",
        "[::1", "a[b]:80", "localhost:80:80", "localhost:8o", " localhost:80", "http://localhost:80",
    ])
    func `an address without a valid host and port is refused`(text: String) throws {
        let error = #expect(throws: ConfigurationError.self) { try read(Self.listening(text)) }
        #expect(error?.code == .invalidValue)
    }

    private static func listening(_ address: String) -> String {
        good.replacing(#""version": 1,"#, with: #""version": 1, "server": { "listen": "\#(address)" },"#)
    }

    @Test func `an issuer with tenants becomes one exact issuer for each tenant`() throws {
        let text = Self.good.replacing(
            #""issuer": "https://auth.example.com","#,
            with:
                #""issuer": "https://auth.example.com/{tenant}/v2.0", "token_issuer": "urn:{tenant}", "provider": "entra-v2", "tenants": ["t1", "t2"],"#
        ).replacing(
            #""introspection": { "client_id": "rs", "client_secret": { "env": "SECRET" } }"#,
            with: #""leeway_seconds": 5"#
        )
        let servers = try read(text).configuration.resources[0].authorizationServers
        #expect(
            servers.map(\.issuer.description) == [
                "https://auth.example.com/t1/v2.0", "https://auth.example.com/t2/v2.0",
            ]
        )
        #expect(servers.map(\.tokenIssuer) == ["urn:t1", "urn:t2"])
        #expect(servers.allSatisfy { $0.claims.others["tenant"] != nil })
        for bad in [#""tenants": ["a/b"]"#, #""tenants": []"#, #""tenants": [""]"#] {
            #expect(throws: ConfigurationError.self) {
                try read(text.replacing(#""tenants": ["t1", "t2"]"#, with: bad))
            }
        }
    }

    @Test func `the settings of an issuer override its provider profile`() throws {
        let text = Self.good.replacing(
            #""introspection": {"#,
            with:
                #""provider": "keycloak", "algorithms": ["ES256"], "claims": {"groups": ["/my/groups"]}, "introspection": {"#
        )
        let server = try read(text).configuration.resources[0].authorizationServers[0]
        #expect(server.algorithms == [.es256])
        #expect(server.claims.others["groups"] == ["/my/groups"])
        #expect(server.claims.others["roles"] != nil)
    }

    @Test func `a custom provider profile is read with every step of its rules, and is watched`() async throws {
        let path = NSTemporaryDirectory() + "/profile-\(UUID().uuidString).json"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let profile = """
            { "version": 1, "provider": "ours", "issuer": "https://auth.example.com", "discovery": "oauth",
              "claims": {
                "scope": { "from": ["rights"], "split": ";", "strip_prefix": "app/", "map": { "w": "write:notes" }, "keep_unmapped": true },
                "groups": { "from": ["/app/groups", "teams"], "merge": true, "prefix": "g-" },
                "source": { "constant": "ours" } } }
            """
        try profile.write(toFile: path, atomically: true, encoding: .utf8)
        let text = Self.good.replacing(
            #""issuer": "https://auth"#,
            with: #""provider": "\#(path)", "issuer": "https://auth"#
        )
        let file = try read(
            text.replacing(
                #""introspection": { "client_id": "rs", "client_secret": { "env": "SECRET" } }"#,
                with: #""leeway_seconds": 1"#
            )
        )
        #expect(file.files.contains(path))
        let fetcher = FixtureFetcher([:])
        let issuer = try FixtureIssuer(
            "https://auth.example.com",
            fetcher: fetcher,
            discovery: "/.well-known/oauth-authorization-server"
        )
        let door = Door(
            mcpAuth: try MCPAuth(file.configuration, fetcher: fetcher),
            resource: try ResourceIdentifier("https://api.example.com/notes"),
            now: NumericDate(1_795_425_000)
        )
        let token = try issuer.token([
            "rights": "app/w;app/read:notes;other", "app": ["groups": ["a"]], "teams": "b", "source": "theirs",
        ])
        let authInfo = try #require(try await door.request(authorization: ["Bearer \(token)"]).authInfo)
        #expect(Array(authInfo.scopes) == ["write:notes", "read:notes"])
        #expect(authInfo.claims.value(at: "/groups")?.strings == ["g-a", "g-b"])
        #expect(authInfo.claims.value(at: "/source")?.string == "ours")
    }

    @Test func `an error names the file that is missing`() {
        let error = #expect(throws: ConfigurationError.self) {
            try ConfigurationFile(path: "/nonexistent.json", environment: [:])
        }
        #expect(error?.description == "MA008: cannot read the file `/nonexistent.json`")
    }

    private func read(_ text: String) throws -> ConfigurationFile { try Self.read(text) }

    static func read(_ text: String) throws -> ConfigurationFile {
        let path = NSTemporaryDirectory() + "/mcp-auth-\(UUID().uuidString).json"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try ConfigurationFile(path: path, environment: ["SECRET": "s3cret"])
    }
}
