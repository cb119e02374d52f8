// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuth
import MCPAuthConcurrency
import MCPAuthHTTP
import MCPAuthServer
import Testing

/// What each proxy must send so that its question is understood.
@Suite struct ForwardAuthDialectTests {
    typealias Proxy = ForwardAuthSettings.Proxy

    private static func names(_ proxy: Proxy) -> (method: String, target: String, authority: String) {
        proxy == .nginx
            ? ("X-Original-Method", "X-Original-URI", "X-Forwarded-Host")
            : ("X-Forwarded-Method", "X-Forwarded-Uri", "X-Forwarded-Host")
    }

    /// The question of a proxy about `GET /mcp` by alice, with fields added or replaced.
    static func question(
        _ proxy: Proxy,
        method: String = "GET",
        target: String = "/mcp",
        authority: String = "mcp.example",
        fields: [(String, String)] = [("Authorization", "Bearer good")]
    ) throws -> HTTPRequest {
        var request = HTTPRequest(method: .get, scheme: "http", authority: "auth", path: "/verify")
        if proxy == .envoy {
            request.method = try #require(HTTPRequest.Method(method))
            request.path = "/verify" + target
            request.authority = authority
        } else {
            let names = names(proxy)
            for (name, value) in [(names.method, method), (names.target, target), (names.authority, authority)] {
                request.headerFields.append(HTTPField(name: try #require(.init(name)), value: value))
            }
        }
        for (name, value) in fields {
            request.headerFields.append(HTTPField(name: try #require(.init(name)), value: value))
        }
        return request
    }

    static let overHTTP = Proxy.allCases.filter { $0 != .apache }

    /// Proxies that describe the client's request in fields.
    static let fieldProxies = overHTTP.filter { $0 != .envoy }

    @Test(arguments: overHTTP) func `a whole question is answered with the caller`(proxy: Proxy) async throws {
        let response = try await ProxyDoor(proxy).answer(Self.question(proxy))
        #expect(response.head.status == .ok && response.body.isEmpty)
        let fields = response.head.headerFields
        #expect(fields[try #require(.init("X-Auth-Subject"))] == "alice")
        #expect(fields[try #require(.init("X-Auth-Client"))] == "app")
        #expect(fields[try #require(.init("X-Auth-Issuer"))] == "https://issuer.example")
        #expect(fields[try #require(.init("X-Auth-Scope"))] == "read")
        #expect(fields[.authorization] == nil && fields[.cacheControl] == "no-store")
    }

    @Test(arguments: fieldProxies) func `a field that is missing, twice, or has another spelling is refused`(
        proxy: Proxy
    ) async throws {
        let door = try ProxyDoor(proxy)
        let names = Self.names(proxy)
        for name in [names.method, names.target, names.authority] {
            let name = try #require(HTTPField.Name(name))
            var without = try Self.question(proxy)
            without.headerFields[name] = nil
            var twice = try Self.question(proxy)
            twice.headerFields.append(HTTPField(name: name, value: "/public"))
            var alias = try Self.question(proxy)
            let other = try #require(HTTPField.Name(name.rawName.replacing("-", with: "_")))
            alias.headerFields.append(HTTPField(name: other, value: "/public"))
            var onlyAlias = without
            onlyAlias.headerFields.append(HTTPField(name: other, value: "/mcp"))
            for request in [without, twice, alias, onlyAlias] {
                let response = await door.answer(request)
                #expect(response.head.status.code == (proxy == .nginx ? 403 : 400), "\(name)")
            }
        }
        #expect(door.reasons.withLock { Set($0) } == ["unreadable_forwarding"])
    }

    @Test(arguments: overHTTP) func `E8: fields of other proxies are fields of the client`(
        proxy: Proxy
    ) async throws {
        let own = Self.names(proxy)
        let others = [
            "X-Original-Method", "X-Original-URI", "X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Method",
            "X-Forwarded-Uri", "X-Forwarded-Prefix", "X-Forwarded-Proto", "X-Forwarded-For", "Forwarded",
            "X-HTTP-Method-Override", "X-Envoy-Original-Path",
        ].filter { proxy == .envoy || ![own.method, own.target, own.authority].contains($0) }
        let door = try ProxyDoor(proxy)
        for name in others {
            for (target, status) in [("/mcp", 200), ("/admin", 403)] {
                let fields = [("Authorization", "Bearer good"), (name, "/public")]
                let response = await door.answer(try Self.question(proxy, target: target, fields: fields))
                #expect(response.head.status.code == status, "\(name) at \(target)")
            }
        }
    }

    @Test(arguments: overHTTP) func `E5, E6: only the exact verify path is answered with a success`(
        proxy: Proxy
    ) async throws {
        let door = try ProxyDoor(proxy)
        for path in [
            "healthz", "/", "", "/healthz", "/verify/", "/verify/?x", "//verify", "/Verify", "/verify/../healthz",
            "/.well-known/x", "http://auth/verify", "/verifyx/mcp", "verify/mcp", "/verify%2Fmcp", "/verify;x/mcp",
        ] {
            var request = try Self.question(proxy)
            request.path = path
            #expect(await door.answer(request).head.status.kind == .clientError, "\(path)")
        }
        for method in [HTTPRequest.Method.post, .head, .options, .put] where proxy != .envoy {
            var request = try Self.question(proxy)
            request.method = method
            #expect(await door.answer(request).head.status.kind == .clientError, "\(method)")
        }
    }

    @Test(arguments: overHTTP) func `E4, E5: a target that is no plain path is refused`(proxy: Proxy) async throws {
        let door = try ProxyDoor(proxy)
        for target in [
            "", "*", "mcp", "http:admin", "x:/admin", "http://evil.example/mcp", "mcp.example:443", "//mcp", "/./mcp",
            "/mcp/../admin", "/mcp/%2e%2e/admin", "/mcp/.%2e/admin", "/mcp%2fadmin", "/mcp%5cadmin", "/mcp\\..\\admin",
            "/mcp/..;/admin", "/mcp;v=1", "/mcp%00", "/mcp/%252e%252e/admin", "/mcp%c0%af", "/mcp%zz", "/mcp#x",
            "/MCP", "/mcp.", "/mcp2",
        ] {
            // Envoy puts the prefix in front, so a target without a slash is part of another path.
            let response = await door.answer(try Self.question(proxy, target: target))
            #expect(response.head.status.kind == .clientError, "\(target)")
        }
        for target in ["/mcp", "/mcp/", "/mcp?x=/../admin", "/mcp?a?b", "/mcp?", "/%6dcp2/../x"] {
            let status = await door.answer(try Self.question(proxy, target: target)).head.status.code
            #expect((status == 200) == !target.contains("%6d"), "\(target)")
        }
    }

    @Test(arguments: overHTTP, ["CONNECT", "TRACE"]) func `E5: CONNECT and TRACE are refused, also for the path /`(
        proxy: Proxy,
        method: String
    ) async throws {
        let door = try ProxyDoor(proxy, resources: [ProxyDoor.resource("", [], speaksMCP: false)])
        #expect(await door.answer(try Self.question(proxy, method: "GET", target: "/")).head.status == .ok)
        let response = await door.answer(try Self.question(proxy, method: method, target: "/"))
        #expect(response.head.status.kind == .clientError)
    }

    @Test(arguments: overHTTP) func `E7: the authority must be that of a resource`(proxy: Proxy) async throws {
        let door = try ProxyDoor(proxy)
        for (authority, isKnown) in [
            ("mcp.example", true), ("MCP.EXAMPLE", true), ("mcp.example:443", true), ("mcp.example:80", false),
            ("", false), ("evil.example", false), ("user@mcp.example", false), ("[::1]:80", false), ("a b", false),
            ("mcp.example,evil.example", false),
        ] {
            let response = await door.answer(try Self.question(proxy, authority: authority))
            #expect((response.head.status == .ok) == isKnown, "\(authority)")
        }
    }

    @Test(arguments: overHTTP) func `E1, E2: credentials that can be read in two ways are refused`(
        proxy: Proxy
    ) async throws {
        let door = try ProxyDoor(proxy)
        for values in [
            ["Bearer bad", "Bearer good"], ["Bearer good", "Bearer good"], ["Basic dTpw", "Bearer good"],
            ["Bearer good, Bearer bad"], ["Bearer bad,Bearer good"], ["Basic dTpw,Bearer good"], ["Bearer\tgood"],
            ["Bearer g\u{00f6}od"], ["Bearer"], [""],
        ] {
            let response = await door.answer(
                try Self.question(proxy, fields: values.map { ("Authorization", $0) })
            )
            #expect(response.head.status.kind == .clientError, "\(values)")
        }
        for value in ["Bearer good", "bearer good", "Bearer  good"] {
            let response = await door.answer(try Self.question(proxy, fields: [("Authorization", value)]))
            #expect(response.head.status == .ok, "\(value)")
        }
        // A name that some servers take for the same one.
        let alias = try Self.question(proxy, fields: [("Authorization_", "Bearer good")])
        #expect(await door.answer(alias).head.status == .unauthorized)
    }

    @Test(arguments: overHTTP) func `E3: a token in the query is not read`(proxy: Proxy) async throws {
        let asked = try Self.question(proxy, target: "/mcp?access_token=good", fields: [])
        let response = try await ProxyDoor(proxy).answer(asked)
        #expect(response.head.status == .unauthorized)
    }

    @Test(arguments: overHTTP) func `E13: a preflight is refused like every request without a token`(
        proxy: Proxy
    ) async throws {
        let fields = [("Origin", "https://a.example"), ("Access-Control-Request-Method", "POST")]
        let asked = try Self.question(proxy, method: "OPTIONS", fields: fields)
        let response = try await ProxyDoor(proxy).answer(asked)
        #expect(response.head.status == .unauthorized)
    }

    @Test(arguments: overHTTP) func `E21: no response has the token of the client`(proxy: Proxy) async throws {
        let door = try ProxyDoor(proxy)
        for target in ["/mcp", "/admin", "/public", "/other"] {
            let response = await door.answer(try Self.question(proxy, target: target))
            let text = "\(response.head) \(String(decoding: response.body, as: UTF8.self))"
            #expect(!text.contains("good"), "\(text)")
        }
    }

    @Test(arguments: overHTTP) func `a refusal has the status and the challenge that the proxy passes on`(
        proxy: Proxy
    ) async throws {
        let door = try ProxyDoor(proxy)
        let isNginx = proxy == .nginx
        for (target, token, status, relayed) in [
            ("/mcp", "", 401, 401), ("/mcp", "bad", 401, 401), ("/admin", "good", 403, 403),
            ("/mcp/%2e%2e", "good", 400, isNginx ? 403 : 400), ("/other", "good", 404, isNginx ? 403 : 404),
        ] {
            let fields = token.isEmpty ? [] : [("Authorization", "Bearer \(token)")]
            for method in ["GET", "HEAD", "DELETE"] {
                let head = await door.answer(
                    try Self.question(proxy, method: method, target: target, fields: fields)
                ).head
                #expect(head.status.code == relayed, "\(method) \(target) \(token)")
                let own = head.headerFields[try #require(.init("X-Mcp-Auth-Status"))]
                #expect(own == (status == relayed ? nil : "\(status)"))
                #expect((head.headerFields[.wwwAuthenticate] != nil) == [401, 403].contains(status), "\(target)")
            }
        }
    }

    @Test(arguments: [
        ("127.0.0.1", true), ("127.8.9.1", true), ("::1", true), ("::ffff:127.0.0.1", true), (nil, true),
        ("10.0.0.1", false), ("::2", false), ("::ffff:10.0.0.1", false), ("", false), ("localhost", false),
    ])
    func `an address outside the trusted ranges may not ask`(address: String?, isTrusted: Bool) async throws {
        let door = try ProxyDoor(.caddy)
        let response = await door.answer(try Self.question(.caddy), from: address)
        #expect(response.head.status == (isTrusted ? .ok : .forbidden))
        #expect(door.reasons.withLock { $0 } == (isTrusted ? [] : ["untrusted_proxy"]))
    }
}
