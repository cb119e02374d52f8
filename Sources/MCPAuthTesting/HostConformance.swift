// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

public import MCPAuth
internal import MCPAuthJSON

/// Checks that every host adapter must pass: a table of requests, sent as bytes over loopback.
///
/// The host under test serves ``configuration(base:server:onEvent:)`` at `http://127.0.0.1:port`, and sends the
/// responses of `MCPAuth.openResponse(to:)`. Its handlers, behind the guard, respond to every path and to the methods
/// GET, HEAD, POST, PUT and DELETE with status 200 and the text `SUBJECT RESOURCE BYTES`: the subject and resource of
/// `AuthInfo.current`, and the number of bytes in the request body; without a caller, `nobody` for the subject and
/// nothing for the resource. `/calendar/open` also responds to OPTIONS with status 200. Below a resource,
/// `/events?parts=N` responds with a `text/event-stream` of N parts, and `/download?parts=N` with the same parts and a
/// `Content-Length`; a part has 8,192 bytes and begins with `data: SUBJECT` and an empty line. A path without a route
/// gets 404 with `MCPAuth.notFoundResponse(to:)`.
///
/// ```swift
/// let kit = HostConformance(port: port) { try issuer.token(audience: $0) }
/// for row in HostConformance.rows { try await kit.check(row) }
/// ```
///
/// Hosts differ in what they read at all: some close the connection where others answer 400, and some pass on what
/// others refuse. A row says where a host may refuse a request itself; then any status of 400 or more will do, in any
/// form, and so will a closed connection. A success must always be the one that the row expects.
public struct HostConformance: Sendable {
    /// Creates a valid token with the subject `alice` for a resource identifier.
    public typealias TokenSource = @Sendable (_ resource: String) async throws -> String

    private let port: Int
    let ignoresCase: Bool
    private let keepsLastField: Bool
    let token: TokenSource

    /// Checks a running host.
    ///
    /// - Parameters:
    ///   - port: The port on which the host listens at 127.0.0.1.
    ///   - ignoresCase: Whether its routes ignore case, as FlyingFox's do.
    ///   - keepsLastField: Whether it passes on only the last of several fields with one name, as FlyingFox does.
    ///   - token: Creates the tokens.
    public init(
        port: Int,
        ignoresCase: Bool = false,
        keepsLastField: Bool = false,
        token: @escaping TokenSource
    ) {
        self.port = port
        self.ignoresCase = ignoresCase
        self.keepsLastField = keepsLastField
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
    /// Without the second one where the first one asks to close the connection.
    ///
    /// - Throws: ``ConformanceFailure``.
    public func check(_ row: Row) async throws {
        try await check(row, handler: Self.checkEcho)
    }

    /// The same for a server whose handlers respond with something else.
    ///
    /// - Parameter handler: Checks the response to an allowed request; throws when it is wrong.
    /// - Throws: ``ConformanceFailure``, or what `handler` throws.
    package func check(_ row: Row, handler: HandlerCheck) async throws {
        let next = Array("GET \(Self.wellKnown)/notes HTTP/1.1\r\nHost: \(authority)\r\n\r\n".utf8)
        let answers = try await answers(to: row, and: row.asksToClose ? [] : [next])
        guard let answer = answers.first else {
            return try ConformanceFailure.require(row.hostMayRefuse, "\(row): no answer")
        }
        let label = "\(row): \(answer.status) \(answer.text.prefix(200))"
        try check(answer, to: row, handler: handler)
        // The rest of a body must never be read as a request: it must be discarded, or the connection closed.
        if answers.count > 1 {
            let isGood = answers[1].status == 200 && answers[1].isWhole
            try ConformanceFailure.require(isGood, "after \(label): \(answers[1].status)")
        }
    }

    /// Sends the request of a row, and more requests over the same connection; returns the responses.
    package func answers(to row: Row, and more: [[UInt8]] = []) async throws -> [RawClient.Answer] {
        let first = try await row.bytes(at: authority) { try await token($0) }
        return try await RawClient.exchange(
            [first] + more,
            port: port,
            isHead: row.method == "HEAD",
            pieceBytes: row.pieceBytes
        )
    }

    /// Host and port of the host under test.
    var authority: String { "127.0.0.1:\(port)" }

    /// Below it are the metadata of resources.
    static let wellKnown = "/.well-known/oauth-protected-resource"

    // MARK: Checks

    /// Checks one response.
    func check(_ answer: RawClient.Answer, to row: Row, handler: HandlerCheck) throws {
        let label = "\(row): \(answer.status) \(answer.text.prefix(200))"
        let base = "http://\(authority)"
        // A host words its own refusals.
        if row.hostMayRefuse, answer.status >= 400 { return }
        let expected = status(of: row)
        if expected == 200, !row.isFromLibrary {
            try ConformanceFailure.require(answer.isWhole, "\(label), which is cut off")
            try handler(answer, AllowedRequest(row, at: base))
        } else {
            let isRight = answer.status == expected && answer.isWhole
            try ConformanceFailure.require(isRight, "\(label), expected \(expected)")
        }
        if let contains = row.contains?.replacing("{base}", with: base) {
            try ConformanceFailure.require(answer.text.contains(contains), "\(label), expected `\(contains)` in it")
        }
        if let lacks = row.lacks {
            let texts = [answer.text] + answer.fields.map(\.value)
            let isClean = !texts.contains { $0.contains(lacks) }
            try ConformanceFailure.require(isClean, "\(label), expected no `\(lacks)` in it")
        }
        if let (name, value) = row.field {
            let found = answer[name]
            let wanted = value?.replacing("{base}", with: base)
            let isRight = wanted.map { found?.contains($0) ?? false } ?? (found == nil)
            try ConformanceFailure.require(isRight, "\(label), field `\(name)` is \(found ?? "missing")")
        }
        if answer.status >= 400, row.method != "HEAD" {
            let isJSON = answer["content-type"] == "application/json" && answer.text.hasPrefix("{")
            try ConformanceFailure.require(isJSON, "\(label), expected a JSON object")
        }
        try Self.checkFields(answer, label)
    }

    /// The status that this host must send.
    private func status(of row: Row) -> Int {
        (ignoresCase ? row.statusIgnoringCase : nil) ?? (keepsLastField ? row.statusKeepingLast : nil) ?? row.status
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

    /// Checks the response of the handlers that the documentation of ``HostConformance`` describes.
    static func checkEcho(_ answer: RawClient.Answer, _ request: AllowedRequest) throws {
        let label = "\(request.name): \(answer.status) \(answer.text.prefix(200))"
        try ConformanceFailure.require(answer.status == 200, "\(label), expected 200")
        let subject = request.subject ?? "nobody"
        switch request.path.split(separator: "/").last {
        case "events":
            let isStream = answer["content-type"] == "text/event-stream" && answer.text.contains("data: \(subject)")
            return try ConformanceFailure.require(isStream, "\(label), expected events of `\(subject)`")
        case "download":
            let isFile = answer["content-length"] == "24576" && answer.text.contains("data: \(subject)")
            return try ConformanceFailure.require(isFile, "\(label), expected 24576 bytes of `\(subject)`")
        default: break
        }
        switch request.method {
        case "HEAD": try ConformanceFailure.require(answer.body.isEmpty, "\(label), expected no body")
        // Every host has a text of its own.
        case "OPTIONS": break
        default:
            let resource = request.subject == nil ? "" : request.resource
            let expected = "\(subject) \(resource) \(request.byteCount)"
            try ConformanceFailure.require(answer.text == expected, "\(label), expected `\(expected)`")
        }
    }
}
