// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Hummingbird
internal import Hummingbird
internal import MCPAuthHTTP
internal import NIOCore

/// The body of one request, read only on demand.
///
/// Before the next request of a connection, Hummingbird reads the rest of a body that a handler did not read, without a
/// limit. After a refused request, this discards a limited rest and closes the connection when there is more, so that a
/// client without a valid token cannot make a server keep reading. Some of the rest must be read, because a client that
/// is still sending may not read the response.
// SAFETY: used by the task that handles the request, first by the guard and then by the response, and by a child task
// that it waits for. So no two tasks use it at the same time.
final class IncomingBody: @unchecked Sendable {
    /// Closes a connection whose request already has a response.
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
        isAwaited = request.headers.contains(.expect)
        let isChunked = request.headers.contains(.transferEncoding)
        length = request.headers[.contentLength].map { Int($0) } ?? (isChunked ? nil : 0)
    }

    /// The whole body, unless it is longer than `limit` bytes or takes longer than `seconds`.
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

    /// Whether the body may have a rest, which Hummingbird would read without a limit before the next request.
    var hasRest: Bool { !isWhole && length != 0 }

    /// Reads and discards the rest of the body.
    ///
    /// - Throws: When the rest is too long or takes too long, or when the client waits for a `100 Continue` response.
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
        // After a cancelled read, nothing more can be read.
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
    /// The response to a refused request whose body has not been read completely.
    init(_ rendered: RenderedResponse, leaving incoming: IncomingBody) {
        self.init(rendered)
        if rendered.closesConnection { headers[.connection] = "close" }
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
