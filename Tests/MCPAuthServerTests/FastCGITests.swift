// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import MCPAuth
import MCPAuthServer
import Testing

/// What Apache is told over FastCGI.
@Suite struct FastCGITests {
    private static func endpoint(_ door: ProxyDoor) throws -> FastCGIEndpoint {
        let listener = try #require(ConfigurationFile.Listener("127.0.0.1:9001"))
        let proxyGuard = ProxyGuard(door.mcpAuth.requestGuard(), identity: IdentityFields(IdentitySettings()))
        return FastCGIEndpoint(ForwardAuthSettings(listener, proxy: .apache), proxyGuard)
    }

    private static func record(_ kind: UInt8, _ content: [UInt8], padding: Int = 0, id: UInt8 = 1) -> [UInt8] {
        [1, kind, 0, id, UInt8(content.count >> 8), UInt8(content.count & 0xFF), UInt8(padding), 0] + content
            + [UInt8](repeating: 0, count: padding)
    }

    private static func pair(_ name: String, _ value: String) -> [UInt8] {
        func length(_ count: Int) -> [UInt8] {
            count < 128
                ? [UInt8(count)]
                : [UInt8(count >> 24) | 0x80, UInt8(count >> 16 & 0xFF), UInt8(count >> 8 & 0xFF), UInt8(count & 0xFF)]
        }
        return length(name.utf8.count) + length(value.utf8.count) + Array(name.utf8) + Array(value.utf8)
    }

    static func request(_ parameters: [(String, String)], padding: Int = 0) -> [UInt8] {
        let text = parameters.flatMap { pair($0.0, $0.1) }
        return record(1, [0, 2, 0, 0, 0, 0, 0, 0]) + record(4, text, padding: padding) + record(4, [])
    }

    static func question(
        _ target: String = "/mcp",
        _ more: [(String, String)] = [("HTTP_AUTHORIZATION", "Bearer good")]
    )
        -> [(String, String)]
    {
        [("REQUEST_METHOD", "GET"), ("REQUEST_URI", target), ("HTTP_HOST", "mcp.example")] + more
    }

    /// The text in the records of a response.
    static func text(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        var rest = bytes[...]
        while rest.count >= 8 {
            let header = Array(rest.prefix(8))
            let length = Int(header[4]) << 8 | Int(header[5])
            if header[1] == 6 { text += rest.dropFirst(8).prefix(length) }
            rest = rest.dropFirst(8 + length + Int(header[6]))
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func answer(_ parameters: [(String, String)], from address: String? = nil) async throws -> String {
        var reading = FastCGIRequest()
        let read = try #require(try reading.take(request(parameters)))
        return text(try await endpoint(try ProxyDoor(.caddy)).response(to: read, from: address))
    }

    @Test func `captures of Apache: only the server of the chosen resource gets an allowed request`() async throws {
        let endpoint = try Self.endpoint(try ProxyDoor(.caddy))
        var allowed: [String] = []
        for capture in try Capture.all("apache-fcgi") {
            for asked in capture.asked ?? [] {
                let parameters = (asked.parameters ?? []).map { ($0[0], $0[1]) }
                var reading = FastCGIRequest()
                let read = try #require(try reading.take(Self.request(parameters)))
                let text = Self.text(await endpoint.response(to: read, from: nil))
                guard text.hasPrefix("Status: 200\r\n") else {
                    #expect(text.hasPrefix("Status: 4"), "\(capture.name)")
                    continue
                }
                allowed.append(capture.name)
                let place = Capture.leniently(capture.target)
                let isAlice = text.contains("Variable-X_AUTH_SUBJECT: alice\r\n")
                #expect(isAlice ? place == "mcp" : place == "public", "\(capture.name) at \(capture.target)")
            }
        }
        #expect(allowed.contains("plain-good") && allowed.count >= 10, "\(allowed)")
        for name in allowed { #expect(!name.hasPrefix("auth-two-b") && !name.hasPrefix("auth-two-g"), "\(name)") }
    }

    @Test func `the caller is described in variables, and a refusal is a whole response`() async throws {
        let allowed = try await Self.answer(Self.question())
        #expect(
            allowed
                == "Status: 200\r\nVariable-X_AUTH_SUBJECT: alice\r\nVariable-X_AUTH_ISSUER: https://issuer.example\r\n"
                + "Variable-X_AUTH_CLIENT: app\r\nVariable-X_AUTH_SCOPE: read\r\n\r\n"
        )
        let refused = try await Self.answer(Self.question("/mcp", []))
        #expect(refused.hasPrefix("Status: 401\r\n") && refused.contains("WWW-Authenticate: Bearer resource_metadata="))
        #expect(refused.hasSuffix("}"))
    }

    @Test func `parameters that are missing, twice or invalid are refused`() async throws {
        for parameters in [
            [], [("REQUEST_METHOD", "GET")], Self.question() + [("REQUEST_URI", "/public")],
            Self.question() + [("HTTP_AUTHORIZATION", "Bearer bad")], Self.question("/mcp", [("HTTP_A B", "x")]),
            Self.question("/mcp", [("HTTP_X", "a\nb")]), Self.question("http://evil.example/mcp"), Self.question("*"),
        ] {
            #expect(try await Self.answer(parameters).hasPrefix("Status: 400\r\n"), "\(parameters)")
        }
        #expect(try await Self.answer(Self.question(), from: "10.0.0.1").hasPrefix("Status: 403\r\n"))
    }

    @Test func `a request may arrive in any pieces`() throws {
        let bytes = Self.request(Self.question("/mcp", [("HTTP_X", String(repeating: "x", count: 300))]), padding: 5)
        for size in [1, 7, 8, 9, 64, 1000] {
            var reading = FastCGIRequest()
            var found: FastCGIRequest.Parameters?
            for start in stride(from: 0, to: bytes.count, by: size) {
                #expect(found == nil)
                found = try reading.take(bytes[start..<min(start + size, bytes.count)])
            }
            #expect(found?.list.last?.value.count == 300)
        }
    }

    @Test(
        arguments: [
            [9, 1, 0, 1, 0, 0, 0, 0], record(4, [1, 1, 65, 66]), record(1, [0, 1, 0, 0, 0, 0, 0, 0]),
            record(1, [0, 2, 0, 0, 0, 0, 0, 0], id: 0), record(1, [0, 2]),
            record(1, [0, 2, 0, 0, 0, 0, 0, 0]) + record(1, [0, 2, 0, 0, 0, 0, 0, 0]),
            record(1, [0, 2, 0, 0, 0, 0, 0, 0]) + record(4, [5, 5, 65]) + record(4, []),
            record(1, [0, 2, 0, 0, 0, 0, 0, 0]) + record(4, [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]) + record(4, []),
            record(1, [0, 2, 0, 0, 0, 0, 0, 0]) + record(4, [1, 1, 65, 66], id: 2),
            record(1, [0, 2, 0, 0, 0, 0, 0, 0]) + record(2, []),
        ] as [[UInt8]]
    )
    func `records that are no request to an authorizer are refused`(bytes: [UInt8]) {
        #expect(throws: FastCGIRequest.Malformed.self) {
            var reading = FastCGIRequest()
            _ = try reading.take(bytes)
        }
    }

    @Test func `parameters that are too long are refused`() {
        #expect(throws: FastCGIRequest.Malformed.self) {
            var reading = FastCGIRequest()
            _ = try reading.take(Self.record(1, [0, 2, 0, 0, 0, 0, 0, 0]))
            for _ in 0..<10 { _ = try reading.take(Self.record(4, [UInt8](repeating: 1, count: 60_000))) }
        }
    }
}
