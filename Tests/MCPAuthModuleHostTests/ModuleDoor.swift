// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import MCPAuth
import MCPAuthCore
import MCPAuthHTTP
import MCPAuthJSON
import TestSupport

/// An engine for two resources, made from a configuration file: `/mcp` with a module, `/free` with hmac-token-c.
struct ModuleDoor {
    let path: String
    let events = Events()
    let mcpAuth: MCPAuth
    let files: [String]

    static let time = NumericDate(1_795_425_000)

    init(_ text: String) throws {
        path = try Modules.directory() + "/mcp-auth.json"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        let file = try ConfigurationFile(path: path, environment: Self.environment, onEvent: events.add)
        files = file.files
        mcpAuth = try MCPAuth(file.configuration, fetcher: FixtureFetcher([:]))
    }

    /// With a module whose `verify` has this body.
    init(body: String) throws {
        try self.init(Self.text(try Modules.compile(schema: Gate.schema, body: body)))
    }

    static let environment = ["HMAC_KEY": String(decoding: Modules.key, as: UTF8.self)]

    private static let isolation = Modules.areIsolated ? #" "isolation": "process","# : ""

    static func text(_ path: String, config: JSON = [:], more: String = "") -> String {
        """
        { "version": 1,
          "modules": {
            "custom": { "path": "\(path)", "issuer": "urn:example:hello",\(isolation)\(more)
              "config": \(String(decoding: config.encoded(), as: UTF8.self)) },
            "hmac": { "path": "\(Modules.hmac)", "issuer": "urn:example:hello",\(isolation)
              "config": { "key": "k", "scope": "read" }, "secrets": { "k": { "env": "HMAC_KEY" } } } },
          "resources": [
            { "resource": "https://h.example/mcp", "modules": ["custom"], "policy": "authenticated" },
            { "resource": "https://h.example/free", "modules": ["hmac"], "policy": "authenticated" } ] }
        """
    }

    /// A configuration whose resource accepts the tokens of `hmac-token-c` and transforms their claims.
    static func text(transformer path: String) -> String {
        text(path)
            .replacing(#""\#(path)", "issuer": "urn:example:hello""#, with: #""\#(path)", "transformer": "test""#)
            .replacing(#""modules": ["custom"]"#, with: #""modules": ["hmac"], "transformers": ["custom"]"#)
    }

    func reload() async throws {
        try await mcpAuth.reload(path: path, environment: Self.environment, onEvent: events.add)
    }

    /// The status and the reason in one line, such as `401 expired`; `200` when the handler may run.
    func request(_ token: String, path: String = "/mcp", now: NumericDate = time) async throws -> String {
        switch await check(token, path, now) {
        case .proceed: return "200"
        case .respond(let response, let reason):
            let retry = response.head.headerFields[.retryAfter].map { ", retry after \($0)" } ?? ""
            return "\(response.head.status.code) \(reason?.rawValue ?? "-")\(retry)"
        }
    }

    /// The subject of an accepted token; `nil` if it is refused.
    func subject(of token: String) async -> String? {
        guard case .proceed(let authInfo) = await check(token, "/mcp", Self.time) else { return nil }
        return authInfo?.subject
    }

    private func check(_ token: String, _ path: String, _ now: NumericDate) async -> RequestGuard.Action {
        var request = HTTPRequest(method: .post, scheme: "https", authority: "h.example", path: path)
        request.headerFields[.authorization] = "Bearer \(token)"
        return await mcpAuth.requestGuard().check(
            request,
            now: { now },
            body: { _ in .bytes(Array(#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#.utf8)) }
        )
    }

    /// The status of the metadata of `/mcp`.
    func metadataStatus() -> Int? {
        let path = "/.well-known/oauth-protected-resource/mcp"
        let request = HTTPRequest(method: .get, scheme: "https", authority: "h.example", path: path)
        return mcpAuth.metadataEndpoint.response(to: request)?.head.status.code
    }
}
