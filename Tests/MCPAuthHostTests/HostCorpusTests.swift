// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Hummingbird && FlyingFox
import MCPAuth
import MCPAuthPolicy
import Testing

/// One corpus of requests against every host, with a real issuer, over loopback.
@Suite struct HostCorpusTests {
    @Test(arguments: Host.allCases)
    func `every request of the corpus has its answer, which a web page can read, and the connection stays in step`(
        host: Host
    ) async throws {
        try await RunningHost.run(host, CorpusRow.configuration) { running in
            for row in CorpusRow.all { try await row.check(running) }
        }
    }

    @Test(arguments: Host.allCases)
    func `two hundred requests at once, half of them hostile, each get their own answer`(host: Host) async throws {
        try await RunningHost.run(host, CorpusRow.configuration) { running in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<200 {
                    group.addTask { try await Self.send(number, running) }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test(arguments: Host.allCases)
    func `where pages are listed, every answer is for these alone`(host: Host) async throws {
        let page = "http://localhost:6274"
        func configure(_ base: String, _ server: AuthorizationServer) throws -> MCPAuthConfiguration {
            var configuration = try CorpusRow.configuration(base, server)
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

    /// Sends the request of this number and compares the answer.
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

/// A request and the one right answer to it.
struct CorpusRow: Sendable {
    enum Body: Sendable {
        case none
        case text(String)
        case bytes([UInt8])
        /// In chunks of 1000 bytes, without a length before.
        case chunked(String)
    }

    enum Credentials: Sendable {
        case none
        case notes
        case calendar
        case field(String)
    }

    let name: String
    var method = "POST"
    var path = "/notes"
    var credentials = Credentials.notes
    var fields: [(String, String)] = []
    var body = Body.none
    let status: Int
    /// Where it is another one on FlyingFox, whose routes ignore case.
    var statusIgnoringCase: Int?
    /// What stands in the body.
    var contains: String?
    /// A field that must be there and contain this; `nil` for one that must not be there.
    var field: (name: String, value: String?)?

    /// The resources of the corpus, below one base URL.
    static func configuration(_ base: String, _ server: AuthorizationServer) throws -> MCPAuthConfiguration {
        func resource(
            _ path: String,
            _ policy: String,
            speaksMCP: Bool = true,
            _ allowedOrigins: [String]? = nil
        ) throws -> ResourceConfiguration {
            var resource = try ResourceConfiguration(base + path, authorizationServers: [server], speaksMCP: speaksMCP)
            resource.policies = [Policy(try CompiledPolicy(file: "policy.json", bytes: Array(policy.utf8)))]
            resource.allowedOrigins = allowedOrigins
            return resource
        }
        let tools = #"{"version":1,"rules":[{"id":"a","effect":"allow","mcp_methods":["@basics","tools/list"]},"#
        let notes = tools + #"{"id":"b","effect":"allow","tools":["good"]}]}"#
        let calendar =
            #"{"version":1,"rules":[{"id":"a","effect":"allow","paths":["/calendar","/calendar/*"]},"#
            + #"{"id":"b","effect":"deny","paths":["/calendar/closed","/calendar/caf%C3%A9"]}]}"#
        return MCPAuthConfiguration(
            resources: [
                try resource("/notes", notes), try resource("/notes/admin", notes),
                try resource("/calendar", calendar, speaksMCP: false),
                try resource("/pages", calendar, ["https://app.example"]),
            ],
            maximumTokenBytes: 4096
        )
    }

    /// Sends it, then another request over the same connection.
    func check(_ running: RunningHost) async throws {
        let first = try await request(running)
        let host = "Host: 127.0.0.1:\(running.port)\r\n"
        let next = Array("GET /.well-known/oauth-protected-resource/notes HTTP/1.1\r\n\(host)\r\n".utf8)
        let answers = try await RawClient.exchange([first, next], port: running.port, isHead: method == "HEAD")
        let answer = try #require(answers.first, "\(running.host): \(name)")
        let expected = running.host == .flyingFox ? statusIgnoringCase ?? status : status
        let label = "\(running.host): \(name): \(answer.status) \(answer.text.prefix(200))"
        #expect(answer.status == expected && answer.isWhole, "\(label)")
        if let contains { #expect(answer.text.contains(contains), "\(label)") }
        if let field {
            #expect(
                field.value.map { answer[field.name]?.contains($0) ?? false } ?? (answer[field.name] == nil),
                "\(label)"
            )
        }
        #expect(answer["access-control-allow-origin"] == "*", "\(label)")
        if answer.status >= 400, method != "HEAD" {
            #expect(answer["content-type"] == "application/json" && answer.text.hasPrefix("{"), "\(label)")
        }
        if answer.status != 204 {
            for exposed in ["WWW-Authenticate", "Retry-After"] {
                #expect(answer["access-control-expose-headers"]?.contains(exposed) == true, "\(label)")
            }
        }
        // The rest of a body must never be taken for a request: either it was read or the connection is over.
        if answers.count > 1 {
            #expect(answers[1].status == 200 && answers[1].isWhole, "after \(label): \(answers[1])")
        }
    }

    private func request(_ running: RunningHost) async throws -> [UInt8] {
        var head = "\(method) \(path) HTTP/1.1\r\n"
        if !fields.contains(where: { $0.0 == "Host" }) { head += "Host: 127.0.0.1:\(running.port)\r\n" }
        switch credentials {
        case .none: break
        case .notes: head += "Authorization: Bearer \(try await running.token(for: running.notes))\r\n"
        case .calendar: head += "Authorization: Bearer \(try await running.token(for: running.base + "/calendar"))\r\n"
        case .field(let value): head += "Authorization: \(value)\r\n"
        }
        for (name, value) in fields { head += "\(name): \(value)\r\n" }
        switch body {
        case .none: return Array((head + "\r\n").utf8)
        case .text(let text): return Array("\(head)Content-Length: \(text.utf8.count)\r\n\r\n\(text)".utf8)
        case .bytes(let bytes): return Array("\(head)Content-Length: \(bytes.count)\r\n\r\n".utf8) + bytes
        case .chunked(let text):
            var sent = Array("\(head)Transfer-Encoding: chunked\r\n\r\n".utf8)
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                let chunk = rest.prefix(1000)
                sent += Array("\(String(chunk.count, radix: 16))\r\n".utf8) + chunk + Array("\r\n".utf8)
                rest = rest.dropFirst(chunk.count)
            }
            return sent + Array("0\r\n\r\n".utf8)
        }
    }
}
#endif
