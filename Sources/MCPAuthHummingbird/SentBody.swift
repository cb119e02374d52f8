// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Hummingbird
internal import HTTPTypes
internal import Hummingbird
internal import MCPAuth
internal import MCPAuthHTTP
internal import NIOCore
internal import Synchronization

extension ResponseBody {
    /// The body, written now, if it is short, so that Hummingbird can send it in one piece; `nil` for every other body.
    func whole() async throws -> ResponseBody? {
        guard let contentLength, contentLength <= Self.shortBytes else { return nil }
        return try await collected()
    }

    /// The same body, written with `AuthInfo.current` set and sent only while the token of the caller is accepted.
    func sent(for authInfo: AuthInfo?, with fields: HTTPFields) -> ResponseBody {
        let body = self
        let life = ResponseLife(of: authInfo)
        let canEndEarly = ResponseLife.canEndEarly(contentType: fields[.contentType])
        return ResponseBody(contentLength: contentLength) { writer in
            guard life.hasEnd else {
                let destination = writer
                return try await AuthInfo.$current.withValue(authInfo) { try await body.write(destination) }
            }
            let sending = Sending(writer, life)
            do {
                try await sending.write(body, for: authInfo)
            } catch is ResponseLife.Expired where canEndEarly && sending.end() {
                try await writer.finish(nil)
            }
        }
    }

    private static let shortBytes = 16 * 1024

    private func collected() async throws -> ResponseBody {
        let collector = Collector()
        try await write(collector)
        return collector.contents.withLock { contents in
            let buffer = contents.buffer
            guard let trailers = contents.trailers else {
                return buffer.readableBytes > 0 ? ResponseBody(byteBuffer: buffer) : ResponseBody()
            }
            return ResponseBody(contentLength: buffer.readableBytes) { writer in
                try await writer.write(buffer)
                try await writer.finish(trailers)
            }
        }
    }
}

/// Collects the bytes of a short body.
private final class Collector: ResponseBodyWriter {
    struct Contents {
        var buffer = ByteBuffer()
        var trailers: HTTPFields?
    }

    let contents = Mutex(Contents())

    func write(_ buffer: ByteBuffer) {
        contents.withLock { contents in
            // The first buffer is usually the whole body, and then need not be copied.
            guard contents.buffer.readableBytes > 0 else {
                contents.buffer = buffer
                return
            }
            contents.buffer.writeImmutableBuffer(buffer)
        }
    }

    func finish(_ trailingHeaders: HTTPFields?) {
        contents.withLock { $0.trailers = trailingHeaders }
    }
}

/// A body that is being sent, until it is complete or its time is over.
// SAFETY: `writer` is used by the child task that writes the body, and by the parent after that task has ended.
private final class Sending: @unchecked Sendable {
    fileprivate let writer: any ResponseBodyWriter
    fileprivate let life: ResponseLife
    /// Whether `finish` was called.
    private let isFinished = Mutex(false)

    init(_ writer: any ResponseBodyWriter, _ life: ResponseLife) {
        self.writer = writer
        self.life = life
    }

    private enum Event {
        case written
        case over
        case interrupted
    }

    /// - Throws: ``ResponseLife/Expired`` when the time is over before the body is complete.
    func write(_ body: ResponseBody, for authInfo: AuthInfo?) async throws {
        try await withThrowingTaskGroup(of: Event.self) { group in
            group.addTask {
                try await AuthInfo.$current.withValue(authInfo) { try await body.write(SendingWriter(sending: self)) }
                return .written
            }
            group.addTask { await self.life.waitUntilOver() ? .over : .interrupted }
            while let event = try await group.next() {
                switch event {
                case .written: return group.cancelAll()
                case .over: throw ResponseLife.Expired()
                case .interrupted: continue
                }
            }
        }
    }

    /// Whether the caller is the first to end the body.
    func end() -> Bool {
        isFinished.withLock { isFinished in
            defer { isFinished = true }
            return !isFinished
        }
    }
}

/// Writes nothing after the end.
private struct SendingWriter: ResponseBodyWriter {
    let sending: Sending

    func write(_ buffer: ByteBuffer) async throws {
        guard !sending.life.isOver else { throw ResponseLife.Expired() }
        var writer = sending.writer
        try await writer.write(buffer)
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {
        guard !sending.life.isOver, sending.end() else { throw ResponseLife.Expired() }
        try await sending.writer.finish(trailingHeaders)
    }
}
#endif
