// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

public import MCPAuth
internal import MCPAuthJSON

/// Checks that every host adapter must pass: a table of requests, sent as bytes over loopback.
///
/// The host under test serves ``configuration(base:server:onEvent:)`` at `http://127.0.0.1:port`, and sends the
/// responses of `MCPAuth.openResponse(to:)`. Its handlers, behind the guard, respond to every path and to the methods
/// GET, HEAD, POST, PUT and DELETE with status 200 and the text `SUBJECT RESOURCE BYTES`: the subject and resource of
/// `AuthInfo.current`, and the number of bytes in the request body; without a caller, `nobody` for the subject. `/calendar/open` also responds to OPTIONS with
/// status 200. Below a resource, `/events?parts=N` responds with a `text/event-stream` of N parts, and
/// `/download?parts=N` with the same parts and a `Content-Length`; a part has 8,192 bytes and begins with
/// `data: SUBJECT` and an empty line. A path without a route gets 404 with `MCPAuth.notFoundResponse(to:)`.
///
/// ```swift
/// let kit = HostConformance(port: port) { try issuer.token(audience: $0) }
/// for row in HostConformance.rows { try await kit.check(row) }
/// ```
public struct HostConformance: Sendable {
    /// Creates a valid token with the subject `alice` for a resource identifier.
    public typealias TokenSource = @Sendable (_ resource: String) async throws -> String

    /// A request and the expected response.
    public struct Row: Sendable, CustomStringConvertible {
        enum Body: Sendable {
            case none
            case text(String)
            case bytes([UInt8])
            /// In chunks of 1000 bytes, without a `Content-Length`.
            case chunked(String)
        }

        enum Credentials: Sendable {
            case none
            case notes
            case calendar
            case open
            case results
            case field(String)
        }

        let name: String
        var method = "POST"
        var path = "/notes"
        var credentials = Credentials.notes
        var fields: [(String, String)] = []
        var body = Body.none
        let status: Int
        /// The status on a host whose routes ignore case, when it differs.
        var statusIgnoringCase: Int?
        /// A text that the body must contain.
        var contains: String?
        /// A field of the response and a text that its value must contain; `nil` for a field that must be absent.
        var field: (name: String, value: String?)?

        /// The request in words.
        public var description: String { name }
    }

    private let port: Int
    private let ignoresCase: Bool
    private let token: TokenSource

    /// Checks a running host.
    ///
    /// - Parameters:
    ///   - port: The port on which the host listens at 127.0.0.1.
    ///   - ignoresCase: Whether its routes ignore case, as FlyingFox's do.
    ///   - token: Creates the tokens.
    public init(port: Int, ignoresCase: Bool = false, token: @escaping TokenSource) {
        self.port = port
        self.ignoresCase = ignoresCase
        self.token = token
    }

    /// The configuration of the host under test.
    ///
    /// - Parameters:
    ///   - base: The URL of the host without path, such as `http://127.0.0.1:8080`.
    ///   - server: The authorization server whose tokens it trusts.
    ///   - onEvent: Receives the events of the engine.
    public static func configuration(
        base: String,
        server: AuthorizationServer,
        onEvent: @escaping EngineEventHandler = { _ in }
    ) throws -> MCPAuthConfiguration {
        let tools: JSON = ["id": "a", "effect": "allow", "mcp_methods": ["@basics", "tools/list"]]
        let good: JSON = ["id": "b", "effect": "allow", "tools": ["good"]]
        let notes = try Policy.json(["version": 1, "rules": [tools, good]], name: "notes")
        let open: JSON = ["id": "a", "effect": "allow", "paths": ["/calendar", "/calendar/*"]]
        let closed: JSON = ["id": "b", "effect": "deny", "paths": ["/calendar/closed", "/calendar/caf%C3%A9"]]
        let calendar = try Policy.json(["version": 1, "rules": [open, closed]], name: "calendar")
        func resource(_ path: String, _ policy: Policy, speaksMCP: Bool = true) throws -> ResourceConfiguration {
            try ResourceConfiguration(
                base + path,
                authorizationServers: [server],
                speaksMCP: speaksMCP,
                policies: [policy]
            )
        }
        let forAnyone = try Policy.json(
            [
                "version": 1,
                "rules": [
                    ["id": "a", "effect": "allow", "subject_kind": "anyone", "tools": ["good"]],
                    ["id": "b", "effect": "allow", "tools": ["pay"], "scopes": ["all": ["pay"]]],
                ],
            ],
            name: "open"
        )
        var pages = try resource("/pages", calendar)
        pages.allowedOrigins = ["https://app.example"]
        var results = try resource("/results", forAnyone)
        results.challengeInToolResult = true
        return MCPAuthConfiguration(
            resources: [
                try resource("/notes", notes), try resource("/notes/admin", notes),
                try resource("/calendar", calendar, speaksMCP: false), pages, try resource("/open", forAnyone), results,
            ],
            maximumTokenBytes: 4096,
            onEvent: onEvent
        )
    }

    /// Sends the request of a row, then another one over the same connection, and checks the responses.
    ///
    /// - Throws: ``ConformanceFailure``.
    public func check(_ row: Row) async throws {
        let first = try await request(row)
        let host = "Host: 127.0.0.1:\(port)\r\n"
        let next = Array("GET /.well-known/oauth-protected-resource/notes HTTP/1.1\r\n\(host)\r\n".utf8)
        let answers = try await RawClient.exchange([first, next], port: port, isHead: row.method == "HEAD")
        guard let answer = answers.first else { throw ConformanceFailure("\(row): no answer") }
        let label = "\(row): \(answer.status) \(answer.text.prefix(200))"
        try checkAnswer(answer, row, label)
        try Self.checkFields(answer, label)
        // The rest of a body must never be read as a request: it must be discarded, or the connection closed.
        if answers.count > 1 {
            let isGood = answers[1].status == 200 && answers[1].isWhole
            try ConformanceFailure.require(isGood, "after \(label): \(answers[1].status)")
        }
    }

    private func checkAnswer(_ answer: RawClient.Answer, _ row: Row, _ label: String) throws {
        let expected = ignoresCase ? row.statusIgnoringCase ?? row.status : row.status
        try ConformanceFailure.require(answer.status == expected && answer.isWhole, "\(label), expected \(expected)")
        if let contains = row.contains {
            try ConformanceFailure.require(answer.text.contains(contains), "\(label), expected `\(contains)` in it")
        }
        if let (name, value) = row.field {
            let found = answer[name]
            let isRight = value.map { found?.contains($0) ?? false } ?? (found == nil)
            try ConformanceFailure.require(isRight, "\(label), field `\(name)` is \(found ?? "missing")")
        }
        if answer.status >= 400, row.method != "HEAD" {
            let isJSON = answer["content-type"] == "application/json" && answer.text.hasPrefix("{")
            try ConformanceFailure.require(isJSON, "\(label), expected a JSON object")
        }
    }

    private static func checkFields(_ answer: RawClient.Answer, _ label: String) throws {
        let isForAll = answer["access-control-allow-origin"] == "*"
        try ConformanceFailure.require(isForAll, "\(label), expected `Access-Control-Allow-Origin: *`")
        guard answer.status != 204 else { return }
        for exposed in ["WWW-Authenticate", "Retry-After"] {
            let isExposed = answer["access-control-expose-headers"]?.contains(exposed) ?? false
            try ConformanceFailure.require(isExposed, "\(label), `\(exposed)` is not exposed")
        }
    }

    private func request(_ row: Row) async throws -> [UInt8] {
        var head = "\(row.method) \(row.path) HTTP/1.1\r\n"
        let base = "http://127.0.0.1:\(port)"
        if !row.fields.contains(where: { $0.0 == "Host" }) { head += "Host: 127.0.0.1:\(port)\r\n" }
        switch row.credentials {
        case .none: break
        case .notes: head += "Authorization: Bearer \(try await token(base + "/notes"))\r\n"
        case .calendar: head += "Authorization: Bearer \(try await token(base + "/calendar"))\r\n"
        case .results: head += "Authorization: Bearer \(try await token(base + "/results"))\r\n"
        case .open: head += "Authorization: Bearer \(try await token(base + "/open"))\r\n"
        case .field(let value): head += "Authorization: \(value)\r\n"
        }
        for (name, value) in row.fields { head += "\(name): \(value)\r\n" }
        switch row.body {
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
