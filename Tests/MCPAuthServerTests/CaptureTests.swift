// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuth
import MCPAuthConcurrency
import MCPAuthHTTP
import MCPAuthServer
import Testing

/// Whatever a client sends through a real proxy changes neither whose identity is used nor which resource is chosen.
@Suite struct CaptureTests {
    struct Proxy: Sendable, CustomStringConvertible {
        let file: String
        let proxy: ForwardAuthSettings.Proxy
        var description: String { file }
    }

    static let proxies = [
        Proxy(file: "nginx", proxy: .nginx), Proxy(file: "caddy", proxy: .caddy),
        Proxy(file: "traefik", proxy: .traefik), Proxy(file: "haproxy-lua", proxy: .haproxy),
        Proxy(file: "envoy-http", proxy: .envoy),
    ]

    @Test(arguments: proxies) func `only the server of the chosen resource gets an allowed request`(
        proxy: Proxy
    ) async throws {
        let door = try ProxyDoor(proxy.proxy)
        var allowed: [String] = []
        for capture in try Capture.all(proxy.file) {
            for asked in (capture.asked ?? []).compactMap({ HTTPRequest($0) }) {
                let response = await door.answer(asked)
                guard response.head.status.kind == .successful else { continue }
                allowed.append(capture.name)
                let place = Capture.leniently(capture.target)
                let subject = response.head.headerFields[values: try #require(.init("X-Auth-Subject"))]
                #expect(
                    subject == ["alice"] && place == "mcp" || subject == [""] && place == "public",
                    "\(capture.name): \(subject) at \(capture.target)"
                )
            }
        }
        #expect(allowed.contains("plain-good"))
        #expect(allowed.count >= 10, "\(allowed)")
    }

    @Test(arguments: proxies) func `what is decided at once is decided the same when a verifier must be asked`(
        proxy: Proxy
    ) async throws {
        let remembering = try ProxyDoor(proxy.proxy)
        let forgetting = try ProxyDoor(proxy.proxy, resources: ProxyDoor.standardResources(keptFor: 0))
        let peer = remembering.endpoint.peer(at: nil)
        var atOnce = 0
        // The second time the token is remembered.
        for capture in try Capture.all(proxy.file) + Capture.all(proxy.file) {
            for asked in (capture.asked ?? []).compactMap({ HTTPRequest($0) }) {
                let expected = await forgetting.endpoint.response(to: asked, from: peer, body: [])
                let found = await remembering.answer(asked)
                #expect(found.head == expected.head && found.body == expected.body, "\(capture.name)")
                let isAllowed = found.head.status.kind == .successful
                if isAllowed, remembering.endpoint.responseAtOnce(to: asked, from: peer) != nil { atOnce += 1 }
            }
        }
        #expect(atOnce >= 10)
        #expect(remembering.reasons.withLock { $0 }.count == forgetting.reasons.withLock { $0 }.count)
    }

    /// The cases in which no decision is certain, so every one of them is refused.
    private static let refused = [
        "auth-two-bad-good", "auth-two-good-bad", "auth-two-same", "auth-basic-and-bearer", "auth-comma",
        "auth-dup-diff-case", "auth-empty", "auth-scheme-only", "auth-underscore", "auth-high-bytes", "auth-nul",
        "plain-noauth", "cors-preflight", "options-asterisk", "host-two", "host-missing", "host-empty", "host-bad",
        "host-userinfo", "host-ipv6", "opaque-target-http", "opaque-target-scheme", "target-no-slash",
        "target-star-get",
        "connect-method", "path:dotdot", "path:enc-dotdot", "path:enc-slash", "path:semicolon-dotdot", "path:nul",
        "path:double-slash-lead", "path:backslash",
    ]

    @Test(arguments: proxies) func `a request that can be read in two ways is refused`(proxy: Proxy) async throws {
        let door = try ProxyDoor(proxy.proxy)
        for capture in try Capture.all(proxy.file) where Self.refused.contains(capture.name) {
            // Envoy and Traefik resolve dot segments and slashes first, and ask about the result, which is what they send on.
            if Capture.leniently(capture.target) == "mcp", ["envoy", "traefik"].contains(proxy.proxy.rawValue),
                capture.name.hasPrefix("path:")
            {
                continue
            }
            for asked in (capture.asked ?? []).compactMap({ HTTPRequest($0) }) {
                let status = await door.answer(asked).head.status.code
                #expect((400..<500).contains(status), "\(capture.name): \(status)")
            }
        }
    }
}
