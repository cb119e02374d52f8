// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
import HTTPTypes
import MCPAuthConcurrency
import MCPAuthTesting
import NIOCore
import NIOEmbedded
import NIOHTTP1
import NIOHTTPTypes
import Testing

@testable import MCPAuthNIO
@testable import MCPAuthServer

/// The order of requests and responses on one connection of HTTP/1.1.
@Suite(.serialized) struct HTTP1CodecTests {
    private static let question = ServerTests.question()

    @Test func `a client that takes no responses is not answered without end, and its connection is closed`()
        async throws
    {
        var limits = ListenerLimits()
        (limits.connection.headSeconds, limits.connection.answerSeconds) = (1, 1)
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
        try await ServerTests.run(ListenerLimits(), ServerTests.settings(sendsBody: true)) { server in
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

/// The codec on a channel without a network.
@Suite struct HTTP1CodecChannelTests {
    /// Counts the reads that the codec passes on.
    private final class Reads: ChannelOutboundHandler {
        typealias OutboundIn = IOData
        var count = 0
        /// Whether the client takes nothing.
        var isStuck = false
        private var stuck: [EventLoopPromise<Void>] = []

        func read(context: ChannelHandlerContext) { count += 1 }

        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            guard isStuck else { return context.write(data, promise: promise) }
            if let promise { stuck.append(promise) }
        }

        func handlerRemoved(context: ChannelHandlerContext) {
            for promise in stuck { promise.fail(ChannelError.ioOnClosedChannel) }
        }
    }

    /// Keeps the requests that the codec passes on, and answers when it is told to.
    private final class Requests: ChannelInboundHandler {
        typealias InboundIn = HTTPRequestPart
        typealias OutboundOut = HTTPResponsePart
        var parts: [HTTPRequestPart] = []
        /// The parts that had come at the last end of a read.
        var seen = 0
        var context: ChannelHandlerContext?

        func handlerAdded(context: ChannelHandlerContext) { self.context = context }
        func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) { parts.append(unwrapInboundIn(data)) }
        var answersAtOnce = false
        var hasEnded = false

        func channelReadComplete(context: ChannelHandlerContext) {
            let isNew = parts.count > seen
            seen = parts.count
            if answersAtOnce, isNew { answer() }
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case .inputClosed? = event as? ChannelEvent { hasEnded = true }
        }

        func answer(
            _ status: HTTPResponse.Status = .ok,
            _ fields: HTTPFields = [.contentLength: "0"],
            body: [String] = []
        ) {
            context?.write(wrapOutboundOut(.head(HTTPResponse(status: status, headerFields: fields))), promise: nil)
            for part in body { context?.write(wrapOutboundOut(.body(ByteBuffer(string: part))), promise: nil) }
            context?.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }

    private struct Connection {
        let channel = EmbeddedChannel()
        let reads = Reads()
        let requests = Requests()
        let refusals = Lock(0)

        init() throws {
            let life = ConnectionLife(ConnectionLimits())
            let report: HTTP1Codec.RefusalReport = { [refusals] _ in
                refusals.withLock { $0 += 1 }
                return nil
            }
            try channel.pipeline.syncOperations.addHandlers([
                reads, life, HTTP1Codec(scheme: "http", life: life, report: report), requests,
            ])
            try channel.connect(to: SocketAddress(unixDomainSocketPath: "/a")).wait()
            reads.count = 0
        }

        func send(
            _ method: HTTPMethod = .GET,
            _ fields: HTTPHeaders = [:],
            version: HTTPVersion = .http1_1,
            isWhole: Bool = true
        ) throws {
            var headers: HTTPHeaders = ["Host": "a"]
            headers.add(contentsOf: fields)
            let head = HTTPRequestHead(version: version, method: method, uri: "/", headers: headers)
            // As NIO's parser passes it on.
            channel.pipeline.fireChannelRead(HTTPServerRequestPart.head(head))
            if isWhole { channel.pipeline.fireChannelRead(HTTPServerRequestPart.end(nil)) }
        }

        func text() throws -> String {
            var text = ""
            while let data = try channel.readOutbound(as: IOData.self) {
                if case .byteBuffer(let buffer) = data { text += String(buffer: buffer) }
            }
            return text
        }
    }

    @Test func `nothing more is read while a request waits for the response before it`() throws {
        let connection = try Connection()
        try connection.send()
        connection.channel.read()
        #expect(connection.reads.count == 1, "holding back each read would take two calls of the system")
        try connection.send()
        connection.channel.read()
        #expect(connection.reads.count == 1)
        connection.requests.answer()
        #expect(connection.reads.count == 2)
        connection.requests.answer()
        try connection.send(isWhole: false)
        connection.channel.read()
        #expect(connection.reads.count == 3, "the rest of a request is read")
    }

    @Test func `a handler that waits for the end of a read sees a request that waited`() throws {
        let connection = try Connection()
        for _ in 0..<3 { try connection.send() }
        connection.channel.pipeline.fireChannelReadComplete()
        #expect(connection.requests.seen == 2)
        connection.requests.answer()
        #expect(connection.requests.seen == 4)
        connection.requests.answer()
        #expect(connection.requests.seen == 6)
    }

    @Test func `a handler that answers at the end of a read does not fill the stack`() throws {
        let connection = try Connection()
        connection.requests.answersAtOnce = true
        for _ in 0..<2000 { try connection.send() }
        connection.channel.pipeline.fireChannelReadComplete()
        #expect(connection.requests.parts.count == 4000)
    }

    @Test func `the end of what a client sends comes after the requests that wait`() throws {
        let connection = try Connection()
        for _ in 0..<2 { try connection.send() }
        connection.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(!connection.requests.hasEnded)
        connection.requests.answer()
        #expect(connection.requests.hasEnded && connection.requests.parts.count == 4)
    }

    @Test func `the requests that wait are bounded, also where reads cannot be held back`() throws {
        let connection = try Connection()
        for _ in 0..<10_000 where connection.channel.isActive { try connection.send() }
        #expect(!connection.channel.isActive)
    }

    private struct Response: Sendable {
        var method = HTTPMethod.GET
        var minorVersion = 1
        var status = HTTPResponse.Status.ok
        var fields: HTTPFields = [:]
        /// The end of the bytes.
        let end: String
    }

    private static let responses = [
        Response(fields: [.contentLength: "2"], end: "Content-Length: 2\r\n\r\nok"),
        Response(fields: [.transferEncoding: "gzip"], end: "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
        Response(minorVersion: 0, end: "OK\r\nConnection: close\r\n\r\nok"),
        Response(method: .HEAD, fields: [.contentLength: "2"], end: "Content-Length: 2\r\n\r\n"),
        Response(method: .HEAD, end: "OK\r\n\r\n"), Response(status: .noContent, end: "No Content\r\n\r\n"),
        Response(status: .notModified, end: "Not Modified\r\n\r\n"),
    ]

    @Test func `the end of each body is shown, and no bytes follow where none may`() throws {
        for response in Self.responses {
            let connection = try Connection()
            try connection.send(response.method, version: HTTPVersion(major: 1, minor: response.minorVersion))
            connection.requests.answer(response.status, response.fields, body: ["", "ok"])
            let text = try connection.text()
            #expect(text.hasSuffix(response.end) && !text.contains("gzip"), "\(text.debugDescription)")
            #expect(connection.channel.isActive == (response.minorVersion == 1))
        }
    }

    @Test(arguments: [["Connection": "upgrade", "Upgrade": "x"], ["Connection": "close"]] as [HTTPHeaders])
    func `nothing is read after the last request of a connection`(fields: HTTPHeaders) throws {
        let connection = try Connection()
        try connection.send(.GET, fields)
        connection.channel.read()
        connection.requests.answer()
        connection.channel.read()
        #expect(connection.reads.count == 0)
        #expect(try connection.text().contains("Connection: close\r\n"))
        #expect(!connection.channel.isActive)
    }

    @Test func `a connection whose request was answered early is closed after the rest of the request`() throws {
        let connection = try Connection()
        try connection.send(.POST, isWhole: false)
        connection.requests.answer(.unauthorized, [.contentLength: "0", .connection: "close"])
        #expect(try connection.text().hasPrefix("HTTP/1.1 401 "))
        #expect(connection.channel.isActive)
        connection.channel.pipeline.fireChannelRead(HTTPServerRequestPart.body(ByteBuffer(string: "rest")))
        connection.channel.pipeline.fireChannelRead(HTTPServerRequestPart.end(nil))
        #expect(!connection.channel.isActive)
    }

    @Test func `the rest of a request that was answered early is bounded`() throws {
        let connection = try Connection()
        try connection.send(.POST, isWhole: false)
        connection.requests.answer(.unauthorized)
        for _ in 0..<40 where connection.channel.isActive {
            let piece = ByteBuffer(repeating: 0, count: 64 * 1024)
            connection.channel.pipeline.fireChannelRead(HTTPServerRequestPart.body(piece))
        }
        #expect(!connection.channel.isActive)
    }

    @Test func `nothing more is passed on after a refusal that has not left`() throws {
        let connection = try Connection()
        connection.reads.isStuck = true
        try connection.send(.GET, ["Host": "b"])
        try connection.send()
        #expect(connection.requests.parts.isEmpty && connection.refusals.withLock { $0 } == 1)
        connection.channel.read()
        #expect(connection.reads.count == 0 && connection.channel.isActive)
        try connection.channel.close().wait()
    }

    @Test func `a request that was answered early is not refused a second time`() throws {
        let connection = try Connection()
        try connection.send(.POST, isWhole: false)
        connection.requests.answer(.unauthorized)
        connection.channel.pipeline.fireErrorCaught(HTTPParserError.invalidEOFState)
        #expect(!connection.channel.isActive && connection.refusals.withLock { $0 } == 0)
        #expect(try connection.text().hasPrefix("HTTP/1.1 401 "))
    }

    @Test func `what is wrong behind a request is refused after its response`() throws {
        let connection = try Connection()
        try connection.send()
        connection.channel.pipeline.fireErrorCaught(HTTPParserError.invalidMethod)
        #expect(connection.channel.isActive)
        connection.channel.read()
        #expect(connection.reads.count == 0)
        connection.requests.answer()
        let text = try connection.text()
        #expect(text.hasPrefix("HTTP/1.1 200 ") && text.contains("HTTP/1.1 400 "), "\(text)")
        #expect(!connection.channel.isActive && connection.refusals.withLock { $0 } == 1)
    }
}
#endif
