// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
import MCPAuth
import MCPAuthTesting
import Testing

/// The requests of the host corpus, through real proxies that ask mcp-auth about them.
///
/// A request gets the answer that it gets from every host, unless a proxy changes it before anybody sees it, or keeps back
/// what the answer depends on. For each request, also for those:
///
/// - a success reaches the server behind the proxy as a request of the caller who sent it, and of nobody else, without
///   the token;
/// - a request that must be refused is refused. Some proxies change a path before they ask: then mcp-auth decides about
///   the path that they send on, and that must be one that the caller may read.
@Suite(.serialized, .enabled(if: RunningProxy.programs != nil, "MCPAUTH_PROXIES is not set"))
struct ProxyCorpusTests {
    typealias Kind = RunningProxy.Kind
    typealias Row = HostConformance.Row

    @Test(arguments: Kind.allCases)
    func `every request of the host corpus gets its answer, or a refusal where the proxy changes it`(
        kind: Kind
    ) async throws {
        try await RunningProxy.run(kind) { proxy in
            let base = "http://127.0.0.1:\(proxy.port)"
            let configuration = try HostConformance.configuration(base: base, server: proxy.issuer.server)
            try proxy.mcpAuth.reload(configuration)
            let kit = HostConformance(port: proxy.port) { try proxy.issuer.token(scopes: ["s"], audience: $0) }
            for row in HostConformance.rows {
                let problem = Self.problem(with: try await kit.answers(to: row).first, to: row, behind: kind)
                #expect(problem == nil)
            }
        }
    }

    @Test func `each change is about a request of the corpus`() {
        let names = Set(HostConformance.rows.map(\.description))
        for change in Self.changes {
            for name in change.rows { #expect(names.contains(name), "\(name)") }
        }
    }

    // MARK: What is expected

    private enum Expectation {
        case status([Int])
        /// Any refusal.
        case refusal
        /// The answer that the row expects, or any refusal.
        case successOrRefusal
        /// Any refusal, or the answer to the request that the proxy made of this one.
        case rewritten
    }

    /// Rows that some proxies change or refuse before anybody else sees them.
    private struct Change {
        let kinds: Set<Kind>
        let expectation: Expectation
        /// What these proxies do.
        let reason: String
        let rows: [String]
    }

    private static let envoys: Set<Kind> = [.envoy, .envoyGRPC]
    /// Proxies that normalise a path before they ask, and send on what they asked about.
    private static let rewriting: Set<Kind> = [.traefik, .envoy, .envoyGRPC]

    private static let changes = [
        Change(
            kinds: envoys,
            expectation: .refusal,
            reason: "refuses names of fields with `_` (`headers_with_underscores_action` in the example)",
            rows: [
                "a token in a field with a similar name is ignored", "a field with `_` for `-` is another field",
                "a field about the caller with `_` for `-` changes nothing",
            ]
        ),
        Change(
            kinds: [.nginx, .traefik, .apache, .envoy],
            expectation: .refusal,
            reason: "shows mcp-auth a field that begins like those about the caller, which is refused",
            rows: ["a decision in a field is no token"]
        ),
        Change(
            kinds: [.traefik],
            expectation: .refusal,
            reason: "shows mcp-auth a field with `_` that a server could take for one about the caller",
            rows: ["a field about the caller with `_` for `-` changes nothing"]
        ),
        Change(
            kinds: rewriting,
            expectation: .refusal,
            reason: "drops the fields that `Connection` names before it asks",
            rows: ["the token may be named as a field of the connection"]
        ),
        Change(
            kinds: envoys,
            expectation: .refusal,
            reason: "asks without a body where there is none, so that the operation is not known",
            rows: ["an empty body is a parse error", "a POST without a body is a parse error"]
        ),
        Change(
            kinds: rewriting,
            expectation: .refusal,
            reason: "shows mcp-auth at most 1 MiB of a body, or none",
            rows: [
                "a body of more than 1 MiB is too large", "chunks of more than 1 MiB together are too large",
                "spaces after a message count, so that a body of 2.5 MB is too large",
            ]
        ),
        Change(
            kinds: [.nginx],
            expectation: .refusal,
            reason: "takes bodies of at most 1 MiB, from everybody",
            rows: [
                "the very large body of a refused request does not keep its answer back",
                "a body that this library does not read reaches the handler whole",
            ]
        ),
        Change(
            kinds: [.traefik],
            expectation: .refusal,
            reason: "takes bodies of at most 1 MiB (`maxBodySize` in the example)",
            rows: ["a body that this library does not read reaches the handler whole"]
        ),
        Change(
            kinds: envoys,
            expectation: .refusal,
            reason: "does not read HTTP/1.0",
            rows: ["HTTP/1.0 with a Host field is read", "HTTP/1.0 without a token is refused"]
        ),
        Change(
            kinds: [.nginx, .apache],
            expectation: .refusal,
            reason: "reads lines of less than 8 KiB",
            rows: ["a field of 8 KiB is read", "a path of 8 KiB is read", "a path of more than 8 KiB is ambiguous"]
        ),
        Change(
            kinds: [.apache],
            expectation: .refusal,
            reason: "answers 404 to a NUL in a path itself",
            rows: ["an encoded NUL is ambiguous"]
        ),
        Change(
            kinds: [.caddy, .traefik],
            expectation: .rewritten,
            reason: "takes the path behind any scheme",
            rows: ["another scheme is ambiguous"]
        ),
        Change(
            kinds: [.traefik, .apache, .envoy, .envoyGRPC],
            expectation: .rewritten,
            reason: "takes another spelling for the path of the metadata, which anybody may read",
            rows: [
                "metadata is not found with letters in percent-encoding", "metadata is not found with two slashes",
                "metadata is not found behind dots",
            ]
        ),
        Change(
            kinds: [.nginx, .caddy, .traefik, .apache, .envoy, .envoyGRPC],
            expectation: .refusal,
            reason: "sees that the path leads out of the metadata, and asks about it",
            rows: [
                "a resource is not found behind dots in the path of metadata",
                "a resource is not found behind encoded dots in the path of metadata",
            ]
        ),
    ]

    private static func change(of row: Row, by kind: Kind) -> Change? {
        changes.first { $0.kinds.contains(kind) && $0.rows.contains("\(row)") }
    }

    private static func expectation(for row: Row, behind kind: Kind) -> Expectation {
        if let change = change(of: row, by: kind) { return change.expectation }
        // The proxy is the host that reads the bytes.
        if row.hostMayRefuse { return .successOrRefusal }
        let isServedOpenly = row.path.hasPrefix("/.well-known/oauth-protected-resource")
        // Behind a proxy, a preflight is decided like every other request.
        if row.isPreflight, !isServedOpenly { return .refusal }
        if rewriting.contains(kind), row.status == 400, ["GET", "HEAD"].contains(row.method) { return .rewritten }
        let withoutOperation = row.hasToken ? 403 : 401
        // A challenge in a tool result is an answer of the MCP server, not of one beside a proxy.
        if row.isFromLibrary, row.status == 200, !row.isWellKnown { return .status([withoutOperation]) }
        guard row.isOperationInBody, !kind.sendsBody else { return .status([row.status]) }
        // Without its body, the operation of a request is not known, so no rule for some tools or methods allows it.
        switch row.status {
        case 200: return .status([withoutOperation])
        case 400, 413, 415: return .status(row.hasToken ? [row.status, 403] : [row.status])
        default: return .status([row.status])
        }
    }

    // MARK: Checks

    /// What is wrong with an answer; `nil` if nothing is.
    ///
    /// - Parameter answer: `nil` for a closed connection, which is a refusal too.
    static func problem(with answer: RawClient.Answer?, to row: Row, behind kind: Kind) -> String? {
        let status = answer?.status ?? 0
        let reason = change(of: row, by: kind).map { "which \($0.reason), " } ?? ""
        let label = "\(kind), \(reason)\(row): \(status) \(answer?.text.prefix(500) ?? "")"
        let isRefused = answer == nil || status >= 400
        if let answer, !isRefused, let problem = problemOfSuccess(answer, row) { return "\(label): \(problem)" }
        switch expectation(for: row, behind: kind) {
        case .status(let statuses):
            if !statuses.contains(status) { return "\(label), expected \(statuses)" }
        case .refusal:
            if !isRefused { return "\(label), expected a refusal" }
        case .successOrRefusal:
            if !isRefused, row.status >= 400 { return "\(label), expected a refusal" }
        case .rewritten:
            if let answer, !isRefused, !isHarmless(answer, row) { return "\(label), which the caller may not read" }
        }
        return nil
    }

    /// What is wrong with a success, whatever was expected: what the server behind the proxy got is not a request of the
    /// caller.
    private static func problemOfSuccess(_ answer: RawClient.Answer, _ row: Row) -> String? {
        // Metadata is not from the server behind the proxy, and an answer to HEAD has no text.
        guard !row.isWellKnown, row.method != "HEAD" else { return nil }
        let lines = answer.text.split(separator: "\n").map { $0.lowercased() }
        let subjects = lines.filter { $0.replacing("_", with: "-").hasPrefix("x-auth-subject:") }
            .map { $0.dropFirst("x-auth-subject:".count).drop { $0 == " " } }
        // Some proxies do not pass on a field without a value.
        let isRight = subjects == [row.hasToken ? "alice" : ""] || subjects.isEmpty && !row.hasToken
        guard isRight else { return "the subject is \(subjects)" }
        guard !lines.contains(where: { $0.hasPrefix("authorization:") }) else { return "it has the token" }
        guard lines.contains("bytes \(row.byteCount)") else { return "expected \(row.byteCount) bytes" }
        return nil
    }

    /// Pages that alice may read.
    private static let pages = ["/calendar", "/calendar/", "/calendar/x", "/calendar/x/", "/calendar/~x"]

    /// Whether the request that a proxy made of another one is one that its caller may send.
    private static func isHarmless(_ answer: RawClient.Answer, _ row: Row) -> Bool {
        if row.isWellKnown { return answer.text.contains(#"/notes""#) && answer.text.contains(#""resource":"#) }
        guard row.method != "HEAD" else { return true }
        let line = answer.text.prefix { $0 != "\n" }
        return row.hasToken && pages.contains { line == "\(row.method) \($0)" }
    }
}
#endif
