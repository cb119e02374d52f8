// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
internal import HTTPTypes
internal import MCPAuthCore
internal import MCPAuthHTTP
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPTypes

/// Converts between the HTTP/1.1 parts of NIO and those of swift-http-types, and refuses heads that can be read in two
/// ways.
///
/// A request must have one `Host` field (RFC 9112 section 3.2). Its target must be a path, `*`, or an absolute URL, whose
/// authority then counts and not that of `Host` (section 3.2.2). Every other head gets status 400, and the connection is
/// closed. The connection is also closed after a response where the client asks for that (section 9.3).
///
/// NIO's own conversion reads the target as a URL with Foundation, and drops the authority of an absolute one.
final class StrictHTTP1Codec: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private let scheme: String
    private let life: ConnectionLife
    private let report: HTTPConnections.RefusalReport
    private var keepsAlive = true
    /// The requests that have begun.
    private var requestNumber = 0
    /// The last request whose response is written, which may be before the end of the request.
    private var answeredNumber = 0
    private var isRefused = false

    init(scheme: String, life: ConnectionLife, report: @escaping HTTPConnections.RefusalReport) {
        self.scheme = scheme
        self.life = life
        self.report = report
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isRefused else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            life.enter(.body)
            requestNumber += 1
            // After such a request NIO's decoder parses nothing more.
            keepsAlive = head.isKeepAlive && head.method != .CONNECT && !head.headers.contains(name: "Upgrade")
            guard let request = request(head) else { return refuse(context) }
            context.fireChannelRead(wrapInboundOut(.head(request)))
        case .body(let buffer):
            context.fireChannelRead(wrapInboundOut(.body(buffer)))
        case .end(let trailers):
            life.enter(answeredNumber == requestNumber ? .idle : .answer)
            context.fireChannelRead(wrapInboundOut(.end(trailers.map(Self.fields))))
        }
    }

    /// The request with this head; `nil` if it is refused.
    private func request(_ head: HTTPRequestHead) -> HTTPRequest? {
        guard let method = HTTPRequest.Method(head.method.rawValue) else { return nil }
        var fields = HTTPFields()
        fields.reserveCapacity(head.headers.count)
        var host: String?
        for field in head.headers {
            if Self.isHost(field.name) {
                guard host == nil else { return nil }
                host = field.value
            } else {
                // A name that is not a token was refused before.
                guard let name = HTTPField.Name(field.name) else { return nil }
                fields.append(HTTPField(name: name, value: field.value))
            }
        }
        guard let host else { return nil }
        if head.uri.utf8.first == UInt8(ascii: "/") || head.uri == "*" {
            return HTTPRequest(
                method: method,
                scheme: scheme,
                authority: host,
                path: head.uri,
                headerFields: fields
            )
        }
        guard let (authority, path) = Self.absolute(head.uri) else { return nil }
        return HTTPRequest(method: method, scheme: scheme, authority: authority, path: path, headerFields: fields)
    }

    private static func isHost(_ name: String) -> Bool {
        name.utf8.count == 4 && zip(name.utf8, "host".utf8).allSatisfy { $0 | 0x20 == $1 }
    }

    /// The authority and the path of an absolute `http` or `https` URL.
    private static func absolute(_ target: String) -> (authority: String, path: String)? {
        let bytes = target.utf8
        for start in ["http://", "https://"] {
            let count = start.utf8.count
            guard bytes.count > count, zip(bytes, start.utf8).allSatisfy({ $0 == $1 || $0 | 0x20 == $1 }) else {
                continue
            }
            let rest = bytes.dropFirst(count)
            let authority = rest.prefix { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "?") }
            guard !authority.isEmpty else { return nil }
            let path = String(decoding: rest.dropFirst(authority.count), as: UTF8.self)
            let text = String(decoding: authority, as: UTF8.self)
            return (text, path.utf8.first == UInt8(ascii: "/") ? path : "/" + path)
        }
        return nil
    }

    private static func fields(_ headers: HTTPHeaders) -> HTTPFields {
        var fields = HTTPFields()
        for header in headers {
            guard let name = HTTPField.Name(header.name) else { continue }
            fields.append(HTTPField(name: name, value: header.value))
        }
        return fields
    }

    private func refuse(_ context: ChannelHandlerContext) {
        isRefused = true
        let diagnosis = Diagnosis(
            "the head of the request",
            expected: "one `Host`, and a path or an absolute URL as target",
            found: "another head"
        )
        let id = report(Denial(.malformedRequest, status: 400, diagnosis: diagnosis))
        let body = context.channel.allocator.buffer(
            string:
                #"{"error":"invalid_request","error_description":"the request target or the Host field is ambiguous"}"#
        )
        var headers: HTTPHeaders = [
            "Content-Type": "application/json", "Cache-Control": "no-store", "Connection": "close",
            "Content-Length": String(body.readableBytes),
        ]
        if let id { headers.add(name: DecisionID.fieldName.rawName, value: id.description) }
        let head = HTTPResponseHead(version: .http1_1, status: .badRequest, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in bound.value.close(promise: nil) }
    }

    // MARK: Responses

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let response):
            var headers = HTTPHeaders()
            headers.reserveCapacity(response.headerFields.count + 1)
            for field in response.headerFields { headers.add(name: field.name.rawName, value: field.value) }
            if life.isEnding { keepsAlive = false }
            if !keepsAlive, response.status.kind != .informational {
                headers.replaceOrAdd(name: "Connection", value: "close")
            }
            let status = HTTPResponseStatus(
                statusCode: response.status.code,
                reasonPhrase: response.status.reasonPhrase
            )
            let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body(let buffer):
            context.write(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: promise)
        case .end(let trailers):
            let written = promise ?? context.eventLoop.makePromise()
            // The next request may begin before this response is written.
            let (number, isLast) = (requestNumber, !keepsAlive || life.isEnding)
            let bound = NIOLoopBound((context, self), eventLoop: context.eventLoop)
            written.futureResult.whenComplete { _ in
                let (context, codec) = bound.value
                if isLast { return context.close(promise: nil) }
                codec.answeredNumber = number
                if codec.requestNumber == number { codec.life.enter(.idle) }
                if codec.life.isEnding, codec.requestNumber == number { context.close(promise: nil) }
            }
            let last = trailers.map { HTTPHeaders($0.map { ($0.name.rawName, $0.value) }) }
            context.write(wrapOutboundOut(.end(last)), promise: written)
        }
    }
}
#endif
