// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuth
import MCPAuthHTTP
import NIOCore
import NIOHTTP1

/// Serves one connection of NIO's HTTP/1: an adapter for a host that knows neither MCPAuth nor swift-http-types.
public struct ProtectedConnection: Sendable {
    /// The response of a handler.
    public struct Answer: Sendable {
        public var status: HTTPResponseStatus
        public var headers: HTTPHeaders
        public var body: [UInt8]

        public init(status: HTTPResponseStatus = .ok, headers: HTTPHeaders = [:], body: [UInt8]) {
            self.status = status
            self.headers = headers
            self.body = body
        }
    }

    /// The handlers of the application; the caller is in `AuthInfo.current`.
    public typealias Handler = @Sendable (HTTPRequestHead, _ body: [UInt8]) async throws -> Answer
    public typealias Channel = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>

    private static let mostBytes = 2 * 1024 * 1024

    private let mcpAuth: MCPAuth
    private let requestGuard: RequestGuard
    private let handler: Handler

    public init(_ mcpAuth: MCPAuth, handler: @escaping Handler) {
        self.mcpAuth = mcpAuth
        requestGuard = mcpAuth.requestGuard()
        self.handler = handler
    }

    /// Serves the requests of a connection, one after the other, until it ends.
    public func serve(_ channel: Channel) async throws {
        try await channel.executeThenClose { inbound, outbound in
            let incoming = Incoming(inbound)
            while let head = try await incoming.nextHead() {
                let answer = try await answer(to: head, incoming)
                try await write(answer, to: head, outbound)
                // The rest of a body must not be read as the next request, and NIO's decoder parses nothing after a request
                // for an upgrade.
                let isLast = !head.isKeepAlive || head.method == .CONNECT || head.headers.contains(name: "upgrade")
                guard !isLast, try await incoming.skip(upTo: Self.mostBytes) else { return }
            }
        }
    }

    private func answer(to head: HTTPRequestHead, _ incoming: Incoming) async throws -> Answer {
        let request = HTTPRequest(head)
        // Requests that need no token: metadata and preflights.
        if let open = mcpAuth.openResponse(to: request) { return Answer(open) }
        let action = try await requestGuard.check(request) { mostBytes in
            try await incoming.read(upTo: mostBytes) ? .bytes(incoming.bytes) : .tooLarge
        }
        switch action {
        case .respond(let response, _): return Answer(mcpAuth.notFoundResponse(to: request) ?? response)
        case .proceed(let authInfo):
            guard try await incoming.read(upTo: Self.mostBytes) else {
                return Answer(status: .payloadTooLarge, body: [])
            }
            let bytes = incoming.bytes
            var answer = try await AuthInfo.$current.withValue(authInfo) { try await handler(head, bytes) }
            // The CORS fields, which let web pages read the response.
            var fields = HTTPFields(answer.headers)
            requestGuard.complete(&fields, answering: request)
            answer.headers = HTTPHeaders(fields)
            return answer
        }
    }

    private func write(
        _ answer: Answer,
        to head: HTTPRequestHead,
        _ outbound: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>
    ) async throws {
        var headers = answer.headers
        if answer.status != .noContent, !headers.contains(name: "content-length") {
            headers.add(name: "content-length", value: String(answer.body.count))
        }
        try await outbound.write(.head(HTTPResponseHead(version: .http1_1, status: answer.status, headers: headers)))
        if !answer.body.isEmpty, head.method != .HEAD {
            try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: answer.body))))
        }
        try await outbound.write(.end(nil))
    }
}

/// The input of one connection, and the body of the current request.
private final class Incoming {
    private var parts: NIOAsyncChannelInboundStream<HTTPServerRequestPart>.AsyncIterator
    private(set) var bytes: [UInt8] = []
    private var isWhole = false

    init(_ inbound: NIOAsyncChannelInboundStream<HTTPServerRequestPart>) {
        parts = inbound.makeAsyncIterator()
    }

    /// The next request; `nil` at the end of the connection.
    func nextHead() async throws -> HTTPRequestHead? {
        (bytes, isWhole) = ([], false)
        guard case .head(let head)? = try await next() else { return nil }
        return head
    }

    /// Reads the body; false when it is longer than `mostBytes` or incomplete.
    func read(upTo mostBytes: Int) async throws -> Bool {
        while !isWhole {
            guard let buffer = try await nextOfBody() else { return isWhole }
            guard bytes.count + buffer.readableBytes <= mostBytes else { return false }
            bytes += buffer.readableBytesView
        }
        return true
    }

    /// Discards the rest of the body; false when it is longer than `mostBytes` or incomplete.
    func skip(upTo mostBytes: Int) async throws -> Bool {
        var skipped = 0
        while !isWhole, skipped <= mostBytes {
            guard let buffer = try await nextOfBody() else { break }
            skipped += buffer.readableBytes
        }
        return isWhole
    }

    private func nextOfBody() async throws -> ByteBuffer? {
        switch try await next() {
        case .body(let buffer)?: return buffer
        case .end?: isWhole = true
        case .head?, nil: break
        }
        return nil
    }

    private func next() async throws -> HTTPServerRequestPart? {
        var parts = parts
        defer { self.parts = parts }
        return try await parts.next(isolation: #isolation)
    }
}

extension HTTPRequest {
    /// The request in the types of MCPAuth, with method, authority, path and all fields unchanged.
    fileprivate init(_ head: HTTPRequestHead) {
        self.init(
            method: Method(head.method.rawValue) ?? .trace,
            scheme: "http",
            authority: head.headers["host"].first,
            path: head.uri,
            headerFields: HTTPFields(head.headers)
        )
    }
}

extension HTTPFields {
    fileprivate init(_ headers: HTTPHeaders) {
        self.init()
        for (name, value) in headers {
            if let name = HTTPField.Name(name) { append(HTTPField(name: name, value: value)) }
        }
    }
}

extension HTTPHeaders {
    fileprivate init(_ fields: HTTPFields) {
        self.init(fields.map { ($0.name.rawName, $0.value) })
    }
}

extension ProtectedConnection.Answer {
    fileprivate init(_ response: RenderedResponse) {
        self.init(
            status: HTTPResponseStatus(statusCode: response.head.status.code),
            headers: HTTPHeaders(response.head.headerFields),
            body: response.body
        )
    }
}
