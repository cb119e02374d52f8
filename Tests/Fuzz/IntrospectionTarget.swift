// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes
import MCPAuthCore
import MCPAuthJSON
import MCPAuthVerification
import TestSupport

/// Introspection responses: only a JSON object with `active: true` makes a token good.
struct IntrospectionTarget: FuzzTarget {
    /// A response, as a second reader decodes it.
    private struct Response: Decodable {
        let active: Bool
    }

    private let issuer: IssuerIdentifier = "http://127.0.0.1:9021/api/oidc"
    private let endpoint: HTTPURL
    private let request: ProtectedResourceRequest
    private let token = AccessToken(bytes: Array("opaque"))

    static func seeds() throws -> [[UInt8]] {
        let responses = Seeds.objects(in: try Seeds.captures()).filter { $0["active"] != nil }.map(JSON.init)
        let issuers: [JSON] = ["http://127.0.0.1:9021/api/oidc", "https://other.example"]
        let named = responses.flatMap { response in issuers.map { response.merging(patch: ["iss": $0]) } }
        let texts = [
            #"{"active":true}"#, #"{"active":false}"#, #"{"active":"true"}"#, #"{"active":1}"#, "{}", "[]", "<html>",
            #"{"active":true,"active":false}"#, #"{"Active":true}"#, #"{"\u0061ctive":true,"token_type":"bearer"}"#,
            #"{"active":true,"token_type":"refresh_token"}"#, #"[{"active":true}]"#, #"{"a":{"active":true}}"#,
            "{\"active\":true\0,\"aud\":\"x\"}",
            #"{"active":null,"scope":"a b","aud":["x"],"exp":1795425600.5,"cnf":{"jkt":"x"}}"#,
        ]
        return (responses + named).map { $0.encoded() } + texts.map { Array($0) }
    }

    init() throws {
        guard let endpoint = HTTPURL("https://issuer.example/introspect") else { fatalError("that is a URL") }
        self.endpoint = endpoint
        request = ProtectedResourceRequest(
            method: .get,
            authority: "h.example",
            path: "/",
            credentials: .bearer(token)
        )
    }

    func check(_ input: [UInt8]) {
        var settings = IntrospectionVerifier.Settings()
        settings.negativeCacheSeconds = 0
        let verifier = IntrospectionVerifier(
            issuer: issuer,
            endpoint: .url(endpoint),
            client: .secretBasic(clientID: "rs", secret: Array("secret")),
            settings: settings,
            limiter: RequestLimiter(concurrency: 1, perSecond: 1),
            fetcher: OneAnswer(body: input)
        )
        let answer = waiting { await verifier.verify(token, of: request, now: NumericDate(1_795_425_000)) }
        let isActive = (try? JSONDecoder().decode(Response.self, from: Data(input)))?.active ?? false
        switch answer {
        case .verified(let evidence):
            promise(isActive, "only an active token is good")
            promise(evidence.payload == input && evidence.issuer == issuer, "its facts are those of the response")
            let root = evidence.document.root
            promise(root.kind == .object && root["active"]?.boolean == true, "which is an object that says so")
            promise(root.optional("iss")?.isString(issuer.description) ?? true, "and names no other issuer")
        case .rejected, .unavailable:
            break
        case .notMine:
            fatalError("broken promise: an opaque token is judged")
        }
    }
}

private struct OneAnswer: HTTPFetcher {
    let body: [UInt8]

    func fetch(_ request: FetchRequest) async throws(FetchError) -> FetchResponse {
        FetchResponse(status: 200, body: body)
    }
}
