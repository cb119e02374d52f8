// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuth
import MCPAuthConcurrency
import MCPAuthCore
import MCPAuthHTTP
import MCPAuthJSON
import MCPAuthServer
import Testing

/// Who may ask with the AuthZEN Authorization API 1.0, and how.
@Suite struct AuthZENTransportTests {
    private static let question = Gateway.text(Gateway.question(Gateway.call("read_file")))

    @Test(
        arguments: [
            (.post, "/access/v1/evaluation", 200, nil), (.post, "/access/v1/evaluations", 200, nil),
            (.get, "/access/v1/evaluation", 405, "POST"), (.put, "/access/v1/evaluations", 405, "POST"),
            (.options, "/access/v1/evaluation", 405, "POST"), (.head, "/access/v1/evaluation", 405, "POST"),
            (.post, "/access/v1/evaluation/", 404, nil), (.post, "/access/v1/evaluation?x=1", 404, nil),
            (.post, "/Access/v1/evaluation", 404, nil), (.post, "//access/v1/evaluation", 404, nil),
            (.post, "/access/v1/search/subject", 404, nil), (.post, "/", 404, nil), (.post, "*", 404, nil),
            (.get, "/.well-known/authzen-configuration", 404, nil),
        ] as [(HTTPRequest.Method, String, Int, String?)]
    )
    func `only a POST to an exact path is answered`(
        method: HTTPRequest.Method,
        path: String,
        status: Int,
        allowed: String?
    ) async throws {
        let answer = try await Gateway().ask(Self.question, method, at: path)
        #expect(answer.status == status && answer.fields[.allow] == allowed)
        #expect(answer.fields[.cacheControl] == "no-store" && answer.fields[.contentType] == "application/json")
        if status != 200 { #expect(answer.json["error"]?.string != nil && answer.mistake != nil) }
    }

    @Test(
        arguments: [
            ([.contentType: "application/json"], 200), ([.contentType: "Application/JSON ; charset=UTF-8"], 200),
            ([.contentType: "application/json;profile=x"], 200), ([:], 400), ([.contentType: "text/plain"], 400),
            ([.contentType: "application/jsonx"], 400), ([.contentType: "application/json x"], 400),
            ([.contentType: "application/json; charset=latin1"], 400), ([.contentType: ""], 400),
            ([.contentType: "application/json", .contentEncoding: "gzip"], 400),
        ] as [(HTTPFields, Int)]
    )
    func `only JSON is read`(fields: HTTPFields, status: Int) async throws {
        #expect(try await Gateway().ask(Self.question, fields: fields).status == status)
    }

    @Test func `two content types are none`() async throws {
        var fields = Gateway.jsonFields
        fields.append(HTTPField(name: .contentType, value: "application/json"))
        #expect(try await Gateway().ask(Self.question, fields: fields).status == 400)
    }

    @Test func `a gateway whose address is not trusted is told nothing`() async throws {
        let gateway = try Gateway(url: "https://pdp.example")
        for address in ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1", nil] {
            #expect(await gateway.ask(Self.question, from: address).status == 200, "\(address ?? "a unix socket")")
        }
        for address in ["10.0.0.1", "::2", ""] {
            for (method, path) in [
                (.post, Gateway.onePath), (.post, Gateway.manyPath), (.get, "/.well-known/authzen-configuration"),
                (.get, "/"),
            ] as [(HTTPRequest.Method, String)] {
                let answer = await gateway.ask(Self.question, method, at: path, from: address)
                #expect(answer.status == 403 && answer.json["error"] == "access_denied" && answer.decision == nil)
            }
        }
        #expect(gateway.events.withLock { Set($0.compactMap(\.reason)) } == [.untrustedProxy])
        let other = try Gateway(trustedClients: [try #require(AddressRange("10.0.0.0/8"))])
        #expect(await other.ask(Self.question, from: "10.0.0.1").status == 200)
        #expect(await other.ask(Self.question, from: "127.0.0.1").status == 403)
    }

    @Test(
        arguments: [
            (["Bearer gateway-secret"], 200), (["bearer gateway-secret"], 200), ([], 401), ([""], 401),
            (["Bearer"], 401),
            (["Bearer gateway-secre"], 401), (["Bearer gateway-secret2"], 401), (["Bearer Gateway-Secret"], 401),
            (["gateway-secret"], 401), (["Basic gateway-secret"], 401), (["Bearer good"], 401),
            (["Bearer gateway-secret", "Bearer gateway-secret"], 401),
        ] as [([String], Int)]
    )
    func `a configured secret must be presented`(values: [String], status: Int) async throws {
        let gateway = try Gateway(token: "gateway-secret", url: "https://pdp.example")
        var fields = Gateway.jsonFields
        for value in values { fields.append(HTTPField(name: .authorization, value: value)) }
        for path in [Gateway.onePath, Gateway.manyPath] {
            let answer = await gateway.ask(Self.question, at: path, fields: fields)
            #expect(answer.status == status && answer.decision == (status == 200 ? true : nil))
            if status == 401 { #expect(answer.fields[.wwwAuthenticate] == #"Bearer realm="authzen""#) }
            #expect(!answer.text.contains("gateway-secret"))
        }
        // Discovery comes before authentication, and says nothing that is secret.
        let metadata = await gateway.ask("", .get, at: "/.well-known/authzen-configuration", fields: fields)
        #expect(metadata.status == 200)
    }

    @Test func `without a secret, credentials of the gateway mean nothing`() async throws {
        var fields = Gateway.jsonFields
        fields[.authorization] = "Bearer bad"
        #expect(try await Gateway().ask(Self.question, fields: fields).decision == true)
        fields[.authorization] = "Bearer good"
        let anyone = Gateway.text(Gateway.question(Gateway.call("read_file"), subject: Gateway.anyone))
        #expect(try await Gateway().ask(anyone, fields: fields).decision == false)
    }

    @Test func `the id of a request is repeated in every response`() async throws {
        let name = try #require(HTTPField.Name("X-Request-ID"))
        let gateway = try Gateway()
        let longest = String(repeating: "x", count: 128)
        for (values, repeated) in [
            (["bfe9eb29-ab87"], "bfe9eb29-ab87"), (["a b"], "a b"), ([longest], longest), ([longest + "x"], nil),
            (["caf\u{E9}"], nil), ([""], nil), (["a", "b"], nil), ([], nil),
        ] as [([String], String?)] {
            var fields = Gateway.jsonFields
            for value in values { fields.append(HTTPField(name: name, value: value)) }
            #expect(await gateway.ask(Self.question, fields: fields).fields[name] == repeated)
            #expect(await gateway.ask("{", fields: fields).fields[name] == repeated)
            #expect(await gateway.ask("", .get, at: "/", fields: fields).fields[name] == repeated)
            #expect(await gateway.ask("", from: "10.0.0.1", fields: fields).fields[name] == repeated)
        }
    }

    @Test func `the metadata has the URLs of the endpoints`() async throws {
        let gateway = try Gateway(url: "https://pdp.example/gateways")
        let path = "/.well-known/authzen-configuration"
        let answer = await gateway.ask("", .get, at: path, fields: [:])
        #expect(answer.status == 200 && answer.fields[.contentType] == "application/json")
        let metadata: JSON = [
            "policy_decision_point": "https://pdp.example/gateways",
            "access_evaluation_endpoint": "https://pdp.example/gateways/access/v1/evaluation",
            "access_evaluations_endpoint": "https://pdp.example/gateways/access/v1/evaluations",
        ]
        #expect(answer.json == metadata)
        let posted = await gateway.ask("", at: path)
        #expect(posted.status == 405 && posted.fields[.allow] == "GET, HEAD")
    }

    @Test(
        arguments: [
            ("https://pdp.example", true), ("https://pdp.example/gateways", true), ("http://127.0.0.1:9005", true),
            ("http://pdp.example", false), ("https://pdp.example/", false), ("https://pdp.example?x", false),
            ("https://pdp.example#x", false), ("https://a@pdp.example", false), ("pdp.example", false), ("", false),
        ]
    )
    func `the identifier of a policy decision point is an https URL`(url: String, isIdentifier: Bool) {
        #expect(AuthZENSettings.isIdentifier(url) == isIdentifier)
    }

    @Test func `settings with another secret are other settings`() throws {
        let listener = try #require(ConfigurationFile.Listener("127.0.0.1:9005"))
        func settings(_ token: String?) -> AuthZENSettings {
            AuthZENSettings(listener, token: token.map { BearerSecret(Secret($0)) })
        }
        #expect(settings("a") == settings("a") && settings("a") != settings("b") && settings("a") != settings(nil))
        #expect(!"\(settings("gateway-secret"))".contains("gateway-secret"))
    }

    @Test func `each question has one decision, whose id is in the answer`() async throws {
        let gateway = try Gateway(keepsDecisions: true)
        let allowed = await gateway.answer(Gateway.question(Gateway.call("read_file")))
        let refused = await gateway.answer(Gateway.question(Gateway.call("other")))
        let unread = await gateway.ask("{")
        let ids = gateway.decisions.withLock { $0.map(\.id.description) }
        #expect(ids.count == 3 && Set(ids).count == 3)
        #expect(allowed.context?["decision_id"]?.string == ids.first)
        #expect(refused.context?["decision_id"]?.string == ids.dropFirst().first)
        let name = DecisionID.fieldName
        #expect(unread.fields[name] == ids.last)
    }

    @Test func `a token is in no response and in no event`() async throws {
        let secret = "t0ken-that-nobody-may-see"
        let gateway = try Gateway(keepsDecisions: true)
        let bearer = #"{"type":"access_token","id":"","properties":{"access_token":"TOKEN"}}"#
        let ping = #""action":{"name":"ping"},"resource":{"type":"mcp","id":"https://mcp.example/mcp"}"#
        let bodies = [
            #"{"subject":\#(bearer),\#(ping)}"#,
            #"{"subject":\#(bearer.replacing("TOKEN", with: "TOKEN TOKEN")),\#(ping)}"#,
            #"{"subject":\#(bearer.replacing("TOKEN", with: "TOKEN\\u0000")),\#(ping)}"#,
            #"{"subject":{"type":"TOKEN","id":"TOKEN"},\#(ping)}"#,
            #"{"subject":{"type":"anyone","id":"TOKEN","properties":{"access_token":"TOKEN"}},\#(ping)}"#,
            #"{"subject":{"type":"access_token","id":"TOKEN","properties":{"access_token":"good"}},\#(ping)}"#,
            #"{"subject":\#(bearer),"action":{"name":"GET"},"resource":{"type":"http","id":"https://TOKEN@mcp.example/"}}"#,
            #"{"subject":\#(bearer),"action":{"name":"TOKEN"},"resource":{"type":"http","id":"https://mcp.example/api"}}"#,
            #"{"subject":\#(bearer),"action":{"name":"ping"},"resource":{"type":"TOKEN","id":"TOKEN"}}"#,
            #"{"subject":"TOKEN","evaluations":["TOKEN",{"subject":\#(bearer),\#(ping)}]}"#,
            #"{"evaluations":[{}],"options":{"evaluations_semantic":"TOKEN"}}"#, #"{"TOKEN":1,"TOKEN":2}"#, "TOKEN",
        ].map { $0.replacing("TOKEN", with: secret) }
        var texts: [String] = []
        for body in bodies {
            for path in [Gateway.onePath, Gateway.manyPath] { texts.append(await gateway.ask(body, at: path).text) }
        }
        let events = gateway.events.withLock { $0 }
        #expect(!events.isEmpty)
        texts += events.map { "\($0) \($0.metadata)" }
        texts += gateway.decisions.withLock { $0 }.map { record in
            "\(record.operation ?? "") \(record.denial?.diagnosis?.description ?? "")"
        }
        #expect(texts.allSatisfy { !$0.contains(secret) })
    }
}
