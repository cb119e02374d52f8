// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Hummingbird && FlyingFox && NIO
import MCPAuth
import MCPAuthTesting
import Testing

/// One corpus of requests against every host, with a real issuer, over loopback.
@Suite struct HostCorpusTests {
    @Test(arguments: Host.allCases)
    func `every request of the corpus gets its expected answer, and the connection stays usable`(
        host: Host
    ) async throws {
        try await RunningHost.run(host, Self.configuration) { running in
            let isFlyingFox = host == .flyingFox
            let kit = HostConformance(
                port: running.port,
                ignoresCase: isFlyingFox,
                keepsLastField: isFlyingFox
            ) { try await running.token(for: $0) }
            // HTTP/2 has no bytes like these; the gateway in front of it would be tested instead.
            for row in HostConformance.rows where host != .nioHTTP2 || !row.isAboutBytes { try await kit.check(row) }
        }
    }

    @Test(arguments: Host.allCases)
    func `two hundred requests at once, half of them hostile, each get their own answer`(host: Host) async throws {
        try await RunningHost.run(host, Self.configuration) { running in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<200 {
                    group.addTask { try await Self.send(number, running) }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test(arguments: Host.allCases)
    func `with a list of allowed origins, only those can read an answer`(host: Host) async throws {
        let page = "http://localhost:6274"
        func configure(_ base: String, _ server: AuthorizationServer) throws -> MCPAuthConfiguration {
            var configuration = try Self.configuration(base, server)
            configuration.corsAllowedOrigins = [page]
            return configuration
        }
        try await RunningHost.run(host, configure) { running in
            let good = "Authorization: Bearer \(try await running.token(for: running.notes))\r\n"
            let preflight = "Access-Control-Request-Method: POST\r\n"
            for (line, fields, status) in [
                ("GET /notes", good, 200), ("GET /notes", "", 401), ("GET /notes/events?parts=2", good, 200),
                ("GET /notes/conflict", good, 409), ("HEAD /notes", "", 401), ("PUT /notes", good, 403),
                ("GET /.well-known/oauth-protected-resource/notes", "", 200), ("GET /.well-known/other", "", 404),
                ("GET /elsewhere", "", 404), ("OPTIONS /notes", preflight, 204),
                ("OPTIONS /.well-known/oauth-protected-resource/notes", preflight, 204),
            ] {
                for origin in [page, "http://localhost:1234", nil] {
                    if origin == nil, status == 204 { continue }
                    let sender = origin.map { "Origin: \($0)\r\n" } ?? ""
                    let request = "\(line) HTTP/1.1\r\nHost: 127.0.0.1:\(running.port)\r\n\(sender)\(fields)\r\n"
                    let isHead = line.hasPrefix("HEAD")
                    let answers = try await RawClient.exchange(
                        [Array(request.utf8)],
                        port: running.port,
                        isHead: isHead
                    )
                    let answer = try #require(answers.first)
                    let label = "\(host) \(line) \(origin ?? "-"): \(answer)"
                    #expect(answer.status == status, "\(label)")
                    #expect(answer["access-control-allow-origin"] == (origin == page ? page : nil), "\(label)")
                    #expect(answer["vary"]?.contains("Origin") == true, "\(label)")
                    if status != 204 {
                        #expect((answer["access-control-expose-headers"] != nil) == (origin == page), "\(label)")
                    }
                }
            }
        }
    }

    private static func configuration(_ base: String, _ server: AuthorizationServer) throws -> MCPAuthConfiguration {
        try HostConformance.configuration(base: base, server: server)
    }

    /// Sends the request with this number and checks the answer.
    private static func send(_ number: Int, _ running: RunningHost) async throws {
        let resource = [running.notes, running.base + "/calendar"][number % 2]
        let other = [running.notes, running.base + "/calendar"][(number + 1) % 2]
        let subject = "user-\(number)"
        let token = try await running.token(for: resource, subject: subject)
        let (authorization, status): (String?, Int) =
            switch number / 2 % 10 {
            case 0, 1, 2, 3, 4: ("Bearer \(token)", 200)
            case 5: (nil, 401)
            case 6: ("Bearer \(String(token.dropLast(6)))AAAAAA", 401)
            case 7: ("Bearer \(try await running.token(for: other, subject: subject))", 401)
            case 8: ("Bearer \(token), Basic eDp5", 400)
            default: ("Bearer eyJhbGciOiJub25lIn0.e30.", 401)
            }
        let path = resource.dropFirst(running.base.count)
        var request = "GET \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(running.port)\r\n"
        if let authorization { request += "Authorization: \(authorization)\r\n" }
        let answer = try #require(
            try await RawClient.exchange([Array((request + "\r\n").utf8)], port: running.port).first
        )
        #expect(answer.status == status, "request \(number)")
        if status == 200 {
            #expect(answer.text == "\(subject) \(resource) 0")
        } else {
            #expect(!answer.text.contains(subject) && !answer.text.contains(token.prefix(20)))
            #expect(answer["www-authenticate"]?.hasPrefix("Bearer ") == true)
        }
    }
}
#endif
