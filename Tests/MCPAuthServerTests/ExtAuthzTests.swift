// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import MCPAuth
import MCPAuthConcurrency
import MCPAuthServer
import TestSupport
import Testing

/// What Envoy is told over gRPC.
@Suite struct ExtAuthzTests {
    /// A `CheckResponse`, decoded.
    struct Response {
        var code: UInt64 = 0
        var status: UInt64?
        var fields: [(String, String)] = []
        var removed: [String] = []
        var body = ""
        var metadata: [String: String] = [:]

        init(_ bytes: [UInt8]) throws {
            for (field, bytes) in try Self.members(bytes) {
                for (inner, value) in try Self.members(bytes) {
                    switch (field, inner) {
                    case (2, 2), (3, 2):
                        let header = try Self.members(try #require(try Self.members(value).first { $0.0 == 1 }?.1))
                        fields.append((Self.text(header[0].1), header.count > 1 ? Self.text(header[1].1) : ""))
                    case (2, 3): body = Self.text(value)
                    case (3, 5): removed.append(Self.text(value))
                    case (4, 1):
                        let entry = try Self.members(value)
                        let inner = try Self.members(entry[1].1)
                        metadata[Self.text(entry[0].1)] = Self.text(inner[0].1)
                    default: break
                    }
                }
                if field == 1 { code = try Self.numbers(bytes).first ?? 0 }
                if field == 2, let own = try Self.members(bytes).first(where: { $0.0 == 1 }) {
                    status = try Self.numbers(own.1).first
                }
            }
        }

        private static func members(_ bytes: [UInt8]) throws -> [(Int, [UInt8])] {
            var reader = ProtobufReader(bytes[...])
            var found: [(Int, [UInt8])] = []
            while let (field, value) = try reader.next() {
                if case .bytes(let bytes) = value { found.append((field, Array(bytes))) }
            }
            return found
        }

        private static func numbers(_ bytes: [UInt8]) throws -> [UInt64] {
            var reader = ProtobufReader(bytes[...])
            var found: [UInt64] = []
            while let (_, value) = try reader.next() {
                if case .number(let number) = value { found.append(number) }
            }
            return found
        }

        private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

        func values(_ name: String) -> [String] { fields.filter { $0.0 == name }.map(\.1) }
    }

    private static let ambiguous = [
        "auth-two-bad-good", "auth-two-good-bad", "auth-two-same", "auth-comma", "auth-basic-and-bearer",
    ]

    private static func endpoint(_ door: ProxyDoor, sendsBody: Bool = false) throws -> ExtAuthzEndpoint {
        let identity = IdentityFields(IdentitySettings())
        let settings = ExtAuthzSettings(try #require(.init("127.0.0.1:9004")), sendsBody: sendsBody)
        return ExtAuthzEndpoint(
            settings,
            ProxyGuard(door.mcpAuth.requestGuard(), identity: identity),
            identity: identity
        )
    }

    static func check(
        _ method: String = "GET",
        _ path: String = "/mcp",
        host: String = "mcp.example",
        headers: [(String, String)] = [("authorization", "Bearer good")],
        isRaw: Bool = false,
        body: String = ""
    ) -> [UInt8] {
        var writer = ProtobufWriter()
        writer.message(1) { attributes in
            attributes.message(4) { request in
                request.message(2) { http in
                    http.text(method, 2)
                    http.text(path, 4)
                    http.text(host, 5)
                    func write(_ header: (String, String), _ valueField: Int, _ writer: inout ProtobufWriter) {
                        writer.text(header.0, 1)
                        writer.text(header.1, valueField)
                    }
                    if isRaw {
                        http.message(13) { map in
                            for header in headers { map.message(1) { write(header, 3, &$0) } }
                        }
                    } else {
                        for header in headers { http.message(3) { write(header, 2, &$0) } }
                    }
                    if !body.isEmpty { http.text(body, 11) }
                }
            }
        }
        return writer.bytes
    }

    @Test func `captures of Envoy: only the server of the chosen resource gets an allowed request`() async throws {
        let endpoint = try Self.endpoint(try ProxyDoor(.envoy))
        var allowed: [String] = []
        for capture in try Capture.all("envoy-grpc") {
            for asked in capture.asked ?? [] {
                let check = try CheckRequest(Vectors.bytes(hexadecimal: asked.message ?? ""))
                let response = try Response(await endpoint.response(to: check, from: "127.0.0.1").bytes)
                guard response.code == 0 else {
                    #expect((400..<500).contains(response.status ?? 0), "\(capture.name)")
                    continue
                }
                allowed.append(capture.name)
                let place = Capture.leniently(capture.target)
                let subject = response.values("x-auth-subject")
                #expect(
                    subject == ["alice"] && place == "mcp" || subject == [""] && place == "public",
                    "\(capture.name): \(subject) at \(capture.target)"
                )
                #expect(response.removed.contains("authorization"))
            }
        }
        #expect(allowed.contains("plain-good") && allowed.count >= 10, "\(allowed)")
        for name in allowed {
            #expect(!Self.ambiguous.contains(name), "\(name)")
        }
    }

    @Test func `the caller is described in fields and in metadata, and the client's own fields are removed`()
        async throws
    {
        let endpoint = try Self.endpoint(try ProxyDoor(.envoy))
        let headers = [
            ("authorization", "Bearer good"), ("x-auth-subject", "admin"), ("x-auth-other", "x"), ("x-other", "y"),
            ("x-forwarded-uri", "/public"), ("x-forwarded-host", "evil.example"),
        ]
        let check = try CheckRequest(Self.check(headers: headers))
        let response = try Response(await endpoint.response(to: check, from: "127.0.0.1").bytes)
        #expect(response.code == 0 && response.values("x-auth-subject") == ["alice"])
        #expect(response.values("x-auth-issuer") == ["https://issuer.example"])
        #expect(response.removed.sorted() == ["authorization", "x-auth-other"])
        #expect(response.metadata["subject"] == "alice" && response.metadata["scope"] == "read")
        #expect(response.metadata["resource"] == "https://mcp.example/mcp")
    }

    @Test(arguments: [false, true]) func `a refusal has the status, the challenge and the body for the client`(
        isRaw: Bool
    ) async throws {
        let door = try ProxyDoor(.envoy)
        let endpoint = try Self.endpoint(door)
        for (path, authorization, status, code) in [
            ("/mcp", ["Bearer bad"], 401, 16), ("/mcp", [], 401, 16), ("/admin", ["Bearer good"], 403, 7),
            ("/mcp/%2e%2e", ["Bearer good"], 400, 7), ("/other", ["Bearer good"], 404, 7),
            ("", ["Bearer good"], 400, 7),
            ("*", ["Bearer good"], 400, 7), ("/mcp", ["Bearer bad", "Bearer good"], 400, 7),
            ("/mcp", ["Bearer bad,Bearer good"], 400, 7),
        ] {
            let check = try CheckRequest(
                Self.check("GET", path, headers: authorization.map { ("authorization", $0) }, isRaw: isRaw)
            )
            let response = try Response(await endpoint.response(to: check, from: "127.0.0.1").bytes)
            #expect(response.status == UInt64(status) && response.code == UInt64(code), "\(path) \(authorization)")
            #expect(response.body.contains("error"))
            #expect(response.values("www-authenticate").isEmpty == ![401, 403, 400].contains(status) || status == 400)
        }
    }

    @Test func `a message without a method, an untrusted address and an invalid field are refused`() async throws {
        let door = try ProxyDoor(.envoy)
        let endpoint = try Self.endpoint(door)
        let empty = try Response(await endpoint.response(to: CheckRequest([]), from: "127.0.0.1").bytes)
        #expect(empty.status == 400)
        let check = try CheckRequest(Self.check())
        #expect(try Response(await endpoint.response(to: check, from: "10.0.0.1").bytes).status == 403)
        #expect(try Response(await endpoint.response(to: check, from: nil).bytes).code == 0)
        let invalid = try CheckRequest(Self.check(headers: [("authorization", "Bearer go\u{0}od")]))
        #expect(try Response(await endpoint.response(to: invalid, from: nil).bytes).status == 400)
        #expect(door.reasons.withLock { $0 }.contains("untrusted_proxy"))
    }

    @Test func `a body that Envoy sends decides about rules for tools`() async throws {
        let policy = try Policy.json(
            ["version": 1, "rules": [["id": "read", "effect": "allow", "tools": ["read_*"]]]]
        )
        let door = try ProxyDoor(.envoy, resources: [ProxyDoor.resource("/mcp", [policy])])
        let endpoint = try Self.endpoint(door, sendsBody: true)
        for (tool, partial, isAllowed) in [
            ("read_file", "false", true), ("write_file", "false", false), ("read_file", "true", false),
            ("read_file", nil, false),
        ] {
            let body = #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\#(tool)"}}"#
            var headers = [("authorization", "Bearer good")]
            if let partial { headers.append(("x-envoy-auth-partial-body", partial)) }
            let check = try CheckRequest(Self.check("POST", headers: headers, body: body))
            let response = try Response(await endpoint.response(to: check, from: nil).bytes)
            #expect((response.code == 0) == isAllowed, "\(tool) \(partial ?? "")")
        }
    }

    @Test(
        arguments: [
            [0x0A], [0x0A, 0x05, 0x01], [0x00, 0x01], [0x0B], [0x80], Array(repeating: 0xFF, count: 11),
            [0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
        ] as [[UInt8]]
    )
    func `a message that is cut off or malformed is refused`(bytes: [UInt8]) {
        #expect(throws: (any Error).self) { try CheckRequest(bytes) }
    }
}
