// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Hummingbird
internal import Hummingbird
internal import MCPAuthHTTP
internal import NIOCore

/// The body of one request, read only when it is asked for.
///
/// Hummingbird reads what a handler left of a body before it takes the next request of the connection, however long that is.
/// For a request that is refused this reads a bounded rest and then closes the connection, so that a stranger cannot make a
/// server read on. The client must be able to send what it has begun, or it would not read the answer.
// SAFETY: used by the one task that handles the request, first by the guard, then by the response, and by a child task
// of it that it waits for. So no two tasks use it at the same time.
final class IncomingBody: @unchecked Sendable {
    /// Ends a connection whose request was answered; nothing is left to be told.
    private struct ConnectionOver: Error {}

    private let body: RequestBody
    private let length: Int?
    private let isAwaited: Bool
    private var iterator: RequestBody.AsyncIterator?
    private var isWhole = false
    private var isCut = false
    /// The whole body, once it was collected.
    private(set) var collected: ByteBuffer?

    init(of request: Request) {
        body = request.body
        isAwaited = request.headers[.expect] != nil
        let isChunked = request.headers[.transferEncoding] != nil
        length = request.headers[.contentLength].map { Int($0) } ?? (isChunked ? nil : 0)
    }

    /// The whole body, unless it is longer than `limit` bytes or takes longer than some seconds.
    func collect(upTo limit: Int, within seconds: Double) async throws -> CollectedBody {
        if let length, length > limit { return .tooLarge }
        return try await BodyDeadline.run(.seconds(seconds)) {
            var buffer = ByteBuffer()
            while var chunk = try await self.next() {
                guard buffer.readableBytes + chunk.readableBytes <= limit else { return .tooLarge }
                buffer.writeBuffer(&chunk)
            }
            self.collected = buffer
            return .bytes(Array(buffer.readableBytesView))
        } ?? .tooLate
    }

    /// Whether something may be left that Hummingbird would wait for before the next request, however long.
    var hasRest: Bool { !isWhole && length != 0 }

    /// Reads and forgets what the client is about to send.
    ///
    /// - Throws: When there is more than a client could be in the middle of sending, or it waits to be told to send.
    func discard() async throws {
        guard !isAwaited else { throw ConnectionOver() }
        let isWhole = try await BodyDeadline.run(Self.longestWait) {
            var bytes = 0
            while let chunk = try await self.next() {
                bytes += chunk.readableBytes
                guard bytes <= Self.mostDiscardedBytes else { return false }
            }
            return true
        }
        guard isWhole ?? false else { throw ConnectionOver() }
    }

    private func next() async throws -> ByteBuffer? {
        guard !isWhole else { return nil }
        // After a read that was cancelled nothing more can be read.
        guard !isCut else { throw CancellationError() }
        var iterator = iterator ?? body.makeAsyncIterator()
        let chunk = try await iterator.next()
        self.iterator = iterator
        isCut = chunk == nil && Task.isCancelled
        isWhole = chunk == nil && !isCut
        if isCut { throw CancellationError() }
        return chunk
    }

    private static let mostDiscardedBytes = 2 * 1024 * 1024
    private static let longestWait = Duration.seconds(5)
}

extension Response {
    /// The answer to a request that is refused, whose body has not been read, or not to its end.
    init(_ rendered: RenderedResponse, leaving incoming: IncomingBody) {
        self.init(rendered)
        guard incoming.hasRest else { return }
        let buffer = ByteBuffer(bytes: rendered.body)
        body = ResponseBody(contentLength: rendered.body.count) { writer in
            if buffer.readableBytes > 0 { try await writer.write(buffer) }
            try await writer.finish(nil)
            try await incoming.discard()
        }
    }
}
#endif
