// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import MCPAuth
import MCPAuthCore
import MCPAuthHTTP
import MCPAuthJSON
import MCPAuthPolicy
import MCPAuthSigning
import TestSupport

/// A whole exchange: the bytes of a request in, a response or a caller out, through the guard of a configured server.
///
/// An input looks like a request: method and target, fields line by line, an empty line, the body. `@good`, `@other`,
/// `@late` and `@forged` stand for a good token, one for another resource, an expired one and one of another key.
struct ExchangeTarget: FuzzTarget {
    private let mcpAuth: MCPAuth
    private let good: String
    private let tokens: [(mark: String, token: String)]

    private static let now = NumericDate(1_795_425_000)
    private static let issuer = "https://issuer.example"
    private static let resource = "https://h.example/mcp"
    /// Everything the good token may do: list tools, and call one of them.
    private static let policy = """
        {"version":1,"rules":[
        {"id":"basics","effect":"allow","mcp_methods":["@basics","tools/list"]},
        {"id":"read","effect":"allow","tools":["read"],"scopes":{"all":["notes:read"]}},
        {"id":"write","effect":"allow","tools":["write"],"scopes":{"all":["notes:write"]}}]}
        """

    static func seeds() throws -> [[UInt8]] {
        let bodies = [
            #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read","arguments":{"a":18446744073709551616}}}"#,
            #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"write"}}"#,
            #"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":null}"#,
            #"[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"write"}}]"#,
            #"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"re\u0061d"}}"#, "{", "",
        ]
        let heads = ["@good", "@other", "@late", "@forged", "@good, Basic eDp5", ""].flatMap { token in
            ["POST", "GET", "DELETE", "OPTIONS", "HEAD"].map {
                "\($0) /mcp\nAuthorization: Bearer \(token)\nOrigin: https://app.example\n"
            }
        }
        let more = [
            "OPTIONS /mcp\nOrigin: https://a.example\nAccess-Control-Request-Method: POST\n",
            "POST /mcp/\nAuthorization: bearer @good\nMCP-Protocol-Version: 2026-07-28\nMcp-Method: tools/call\nMcp-Name: read\n",
            "POST /MCP\nAuthorization: Bearer @good\n", "POST /mcp/..%2fmcp\nAuthorization: Bearer @good\n", "POST /\n",
        ]
        return (heads + more).flatMap { head in bodies.map { Array("\(head)\n\($0)") } }
    }

    init() throws {
        let (key, stranger) = (try SigningKey(.es256), try SigningKey(.es256))
        let metadata: JSON = ["issuer": .string(Self.issuer), "jwks_uri": .string(Self.issuer + "/jwks")]
        let fetcher = FixtureFetcher([
            Self.issuer + "/.well-known/openid-configuration": metadata.encoded(),
            Self.issuer + "/jwks": (["keys": [key.publicJWK]] as JSON).encoded(),
        ])
        let server = AuthorizationServer(issuer: IssuerIdentifier(Self.issuer), discovery: .oidc)
        var resource = try ResourceConfiguration(Self.resource, authorizationServers: [server])
        resource.policies = [Policy(try CompiledPolicy(file: "p.json", bytes: Array(Self.policy.utf8)))]
        mcpAuth = try MCPAuth(MCPAuthConfiguration(resources: [resource], onEvent: { _ in }), fetcher: fetcher)
        func token(_ changes: [String: JSON], _ key: SigningKey, _ keyID: String) throws -> String {
            let claims: [String: JSON] = [
                "iss": .string(Self.issuer), "sub": "alice", "client_id": "c", "aud": .string(Self.resource),
                "scope": "notes:read", "iat": .number(Self.now.secondsSinceEpoch - 5),
                "exp": .number(Self.now.secondsSinceEpoch + 600),
            ]
            return try key.sign(header: ["kid": .string(keyID)], claims: .object(claims.merging(changes) { $1 }))
        }
        good = try token([:], key, key.keyID)
        tokens = [
            ("@good", good), ("@other", try token(["aud": "https://h.example/other"], key, key.keyID)),
            ("@late", try token(["exp": .number(Self.now.secondsSinceEpoch - 600)], key, key.keyID)),
            ("@forged", try token([:], stranger, key.keyID)),
        ]
    }

    func check(_ input: [UInt8]) {
        var text = String(decoding: input, as: UTF8.self)
        for (mark, token) in tokens { text = text.replacingOccurrences(of: mark, with: token) }
        // Bytes that are not UTF-8 are kept, if the input contains no mark of a token.
        let message = RawMessage(text.utf8.elementsEqual(input) ? input : Array(text.utf8))
        guard let request = message.request() else { return }
        let requestGuard = mcpAuth.requestGuard()
        let outcome = waiting {
            await requestGuard.check(
                request,
                now: { Self.now },
                body: { limit in
                    message.body.count > limit ? .tooLarge : .bytes(message.body)
                }
            )
        }
        switch outcome {
        case .proceed(let authInfo): checkCaller(authInfo, request, message)
        case .respond(let response, let reason): checkResponse(response, reason, request)
        }
    }

    private func checkCaller(_ authInfo: AuthInfo?, _ request: HTTPRequest, _ message: RawMessage) {
        let fields = request.headerFields[values: .authorization]
        promise(fields.count == 1 && fields[0].hasSuffix(good), "only the good token opens the door")
        let isAlice = authInfo?.subject == "alice" && authInfo.map { Array($0.scopes) } == ["notes:read"]
        promise(isAlice, "and says who is calling")
        let path = (request.path ?? "").prefix { $0 != "?" }
        promise(path.hasPrefix("/mcp") && !path.contains(".."), "at the resource")
        guard request.method == .post else {
            promise([.get, .head, .delete].contains(request.method), "another method is never known")
            return
        }
        let limits = JSONDocument.Limits(bytes: MCPMessageReading.maximumBodyBytes, depth: 256)
        guard let root = try? JSONDocument(parsing: message.body, limits: limits).root else {
            return promise(false, "a body that is allowed can be read")
        }
        for element in root.array ?? [root] {
            guard let method = element["method"]?.string else { continue }
            switch method {
            case "tools/call": promise(element["params"]?["name"]?.isString("read") ?? false, "only this tool")
            case "tools/list", "initialize", "ping", "server/discover", "subscriptions/listen": break
            default: promise(method.hasPrefix("notifications/"), "no other method is allowed")
            }
        }
    }

    private func checkResponse(_ response: RenderedResponse, _ reason: Denial.Reason?, _ request: HTTPRequest) {
        let (status, fields) = (response.head.status.code, response.head.headerFields)
        let known: Set<Int> = [204, 400, 401, 403, 404, 405, 413, 415, 431, 503]
        promise(known.contains(status), "a refusal has one of a few statuses, not \(status)")
        promise((status == 204) == (reason == nil), "only a preflight is no refusal")
        if status == 401 {
            promise(fields[.wwwAuthenticate]?.hasPrefix("Bearer ") ?? false, "who may sign in is told how")
        }
        for field in fields {
            promise(field.value.utf8.allSatisfy { (0x20...0x7E).contains($0) }, "fields are printable")
            for (_, token) in tokens { promise(!field.value.contains(token), "no field repeats a token") }
        }
        let body = String(decoding: response.body, as: UTF8.self)
        for (_, token) in tokens { promise(!body.contains(token), "no body repeats a token") }
        let isJSON = response.body.isEmpty || (try? JSONDocument(parsing: response.body, limits: .fetched)) != nil
        promise(isJSON, "a body is JSON")
        promise(response.body.count < 1024, "and short, whatever was asked")
    }
}
