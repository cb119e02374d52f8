// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
import MCPAuthServer
import MCPAuthTesting
import Testing

/// The order of requests and responses on one connection of HTTP/1.1.
@Suite(.serialized) struct HTTP1CodecTests {
    private static let question = ServerTests.question()

    @Test func `a client that takes no responses is not answered without end, and its connection is closed`()
        async throws
    {
        var limits = ConnectionLimits()
        (limits.headSeconds, limits.answerSeconds) = (1, 1)
        try await ServerTests.run(limits) { server in
            let request = Array(
                Self.question.replacing("\r\n\r\n", with: "\r\nX: \(String(repeating: "x", count: 8000))\r\n\r\n").utf8
            )
            for port in [server.verify, server.clients] {
                let sent = try await RawClient.sendWithoutReading(
                    request,
                    mostBytes: 256 * 1024 * 1024,
                    port: port,
                    seconds: 10
                )
                #expect(sent.isClosed && sent.bytes < 256 * 1024 * 1024, "\(sent)")
            }
        }
    }

    @Test func `the refusal of a request comes after the responses to those before it`() async throws {
        try await ServerTests.run { server in
            for bad in ["G ET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"] {
                let answers = try await server.verify([Self.question + Self.question + bad, "", ""])
                #expect(answers.map(\.status) == [200, 200, 400], "\(bad)")
                #expect(answers.last?["connection"] == "close")
                #expect(answers.last?.text.contains(#""error":"invalid_request""#) == true)
            }
        }
    }

    @Test func `a body that ends in the middle of an invalid chunk is refused`() async throws {
        try await ServerTests.run(ConnectionLimits(), ServerTests.settings(sendsBody: true)) { server in
            let head = "POST /mcp HTTP/1.1\r\nHost: mcp.example\r\nAuthorization: Bearer good\r\n"
            let request = head + "Transfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\nzz\r\n"
            let answers = try await server.ask([request, Self.question])
            #expect(answers.map(\.status) == [400])
        }
    }

    @Test func `the next request of a connection may have other fields`() async throws {
        try await ServerTests.run { server in
            let others = [
                Self.question, Self.question.replacing("Host: auth\r\n", with: "X-A: b\r\nHost: auth\r\nX-C: d\r\n"),
                Self.question.replacing("good", with: "bad"),
                Self.question.replacing("X-Forwarded-Uri: /mcp\r\n", with: ""),
                Self.question,
            ]
            let answers = try await server.verify(others)
            #expect(answers.map(\.status) == [200, 200, 401, 400, 200])
        }
    }

    @Test func `a response has one length and no second connection field`() async throws {
        try await ServerTests.run { server in
            let close = ServerTests.question("GET /verify HTTP/1.1", "Connection: close\r\n").replacing(
                "good",
                with: "bad"
            )
            for request in [Self.question, Self.question.replacing("good", with: "bad"), close] {
                let answer = try #require(try await server.verify([request]).first)
                for name in ["content-length", "connection", "transfer-encoding"] {
                    #expect(answer.fields.filter { $0.name == name }.count <= 1, "\(name)")
                }
                #expect(answer["content-length"] == "\(answer.body.count)" && answer.isWhole)
            }
        }
    }
}
#endif
