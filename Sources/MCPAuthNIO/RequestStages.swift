// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if NIO
internal import HTTPTypes
internal import MCPAuth
internal import MCPAuthHTTP
internal import NIOCore
internal import NIOHTTPTypes

/// A request that the guard has not answered yet.
///
/// Used on the event loop of its channel only.
final class UndecidedRequest {
    let request: HTTPRequest
    /// What came after the head, as far as the client sent it.
    private(set) var parts: [HTTPRequestPart] = []
    private(set) var isEnded = false
    var task: Task<Void, Never>?
    private var byteCount = 0
    private var awaited: (mostBytes: Int, body: EventLoopPromise<CollectedBody>)?
    private var deadline: Scheduled<Void>?

    init(_ request: HTTPRequest) {
        self.request = request
    }

    var isBodyAwaited: Bool { awaited != nil }

    /// Whether the client sends the body only after `100 Continue` (RFC 9110 section 10.1.1).
    var awaitsContinue: Bool { request.headerFields.contains(.expect) && parts.isEmpty }

    func receive(_ part: HTTPRequestPart) {
        switch part {
        case .head: return
        case .body(let buffer): byteCount += buffer.readableBytes
        case .end: isEnded = true
        }
        if let awaited, byteCount > awaited.mostBytes { return succeed(.tooLarge) }
        append(part)
        if isEnded, awaited != nil { succeed(.bytes(bytes)) }
    }

    /// Parts of a body are joined: a client may send each byte alone, and a part takes more memory than a byte.
    private func append(_ part: HTTPRequestPart) {
        if case .body(var new) = part, case .body(var last)? = parts.last {
            parts.removeLast()
            last.writeBuffer(&new)
            parts.append(.body(last))
        } else {
            parts.append(part)
        }
    }

    /// Fulfils `body` when the whole body is there, is too long, or takes longer than `seconds`.
    func awaitBody(
        upTo mostBytes: Int,
        _ body: EventLoopPromise<CollectedBody>,
        for seconds: Double,
        on eventLoop: any EventLoop
    ) {
        awaited = (mostBytes, body)
        let length = request.headerFields[.contentLength].flatMap { Int($0) } ?? 0
        if length > mostBytes || byteCount > mostBytes { return succeed(.tooLarge) }
        if isEnded { return succeed(.bytes(bytes)) }
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        deadline = eventLoop.scheduleTask(in: .nanoseconds(Int64(seconds * 1e9))) { bound.value.succeed(.tooLate) }
    }

    func cancel() {
        task?.cancel()
        deadline?.cancel()
        awaited?.body.fail(ChannelError.eof)
        awaited = nil
    }

    private func succeed(_ result: CollectedBody) {
        deadline?.cancel()
        awaited?.body.succeed(result)
        awaited = nil
    }

    private var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(byteCount)
        for case .body(let buffer) in parts { bytes += buffer.readableBytesView }
        return bytes
    }
}

/// An authorized request and its response.
///
/// Used on the event loop of its channel only.
final class AuthorizedExchange {
    let request: HTTPRequest
    /// Whether nothing can be read after this request.
    let isLast: Bool
    let life: ResponseLife
    var isRequestEnded = false
    private(set) var isResponseEnded = false
    /// Whether the response may be ended before it is whole.
    private(set) var canEndEarly = false
    /// Waits until the token is no longer accepted.
    var watch: Task<Void, Never>?
    private var isResponseBegun = false

    init(_ request: HTTPRequest, _ authInfo: AuthInfo?) {
        self.request = request
        isLast = request.stopsTheDecoder
        life = ResponseLife(of: authInfo)
    }

    var mustBeWatched: Bool { isResponseBegun && !isResponseEnded && watch == nil && life.hasEnd }

    func beginResponse(_ head: HTTPResponse) {
        isResponseBegun = true
        let hasLength = head.headerFields.contains(.contentLength)
        canEndEarly = !hasLength && ResponseLife.canEndEarly(contentType: head.headerFields[.contentType])
    }

    func endResponse() {
        isResponseEnded = true
        watch?.cancel()
    }
}

/// A refused request whose rest is discarded.
///
/// Used on the event loop of its channel only. A client that is sending a body reads the response only when it can go on sending, so some of it is read and dropped.
final class RefusedRequest {
    static let longestWait = TimeAmount.seconds(5)
    private static let mostBytes = 2 * 1024 * 1024

    /// Whether the channel is closed after the response.
    let mustClose: Bool
    /// Whether the client sends no body before it is told to.
    let awaitsContinue: Bool
    var isRequestEnded: Bool
    var isResponseWritten = false
    var closing: Scheduled<Void>?
    private var byteCount = 0

    init(_ undecided: UndecidedRequest, mustClose: Bool) {
        isRequestEnded = undecided.isEnded
        awaitsContinue = undecided.awaitsContinue && !undecided.isEnded
        let length = undecided.request.headerFields[.contentLength].flatMap { Int($0) } ?? 0
        let asksToClose = undecided.request.headerFields[values: .connection].contains { value in
            value.split(separator: ",").contains { $0.filter { $0 != " " && $0 != "\t" }.lowercased() == "close" }
        }
        let isTooLong = !undecided.isEnded && length > Self.mostBytes
        self.mustClose = mustClose || awaitsContinue || asksToClose || isTooLong
    }

    /// Drops a part of the body; false when there was too much of it.
    func discard(_ buffer: ByteBuffer) -> Bool {
        byteCount += buffer.readableBytes
        return byteCount <= Self.mostBytes
    }
}
#endif
