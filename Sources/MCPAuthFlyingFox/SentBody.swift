// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if FlyingFox
internal import FlyingFox
internal import FlyingSocks
internal import Foundation
internal import MCPAuth
internal import MCPAuthHTTP

extension FlyingFox.HTTPResponse.Payload {
    /// The same payload, produced with `AuthInfo.current` set and sent only while the token of the caller is accepted.
    func sent(for authInfo: AuthInfo?, life: ResponseLife, canEndEarly: Bool) -> Self {
        switch self {
        case .webSocket(let handler):
            return .webSocket(SentWebSocket(handler: handler, authInfo: authInfo, life: life))
        case .httpBody(let body):
            let canEndEarly = canEndEarly && body.count == nil
            let sent = SentBody(body: body, authInfo: authInfo, life: life, canEndEarly: canEndEarly)
            if let count = body.count { return .httpBody(HTTPBodySequence(from: sent, count: count)) }
            return .httpBody(HTTPBodySequence(from: sent))
        }
    }
}

/// The bytes of a body, for as long as they may be sent.
private struct SentBody: AsyncBufferedSequence {
    typealias Element = UInt8

    let body: HTTPBodySequence
    let authInfo: AuthInfo?
    let life: ResponseLife
    let canEndEarly: Bool

    func makeAsyncIterator() -> Iterator {
        Iterator(source: Source(body.makeAsyncIterator()), sent: self)
    }

    struct Iterator: AsyncBufferedIteratorProtocol {
        let source: Source<HTTPBodySequence.Iterator>
        let sent: SentBody

        mutating func next() async throws -> UInt8? { try await nextBuffer(suggested: 1)?.first }

        mutating func nextBuffer(suggested count: Int) async throws -> Data? {
            do {
                let chunk = try await source.next(for: sent.authInfo, within: sent.life)
                return sent.body.count == nil ? chunk.flatMap(Self.content) : chunk
            } catch is ResponseLife.Expired where sent.canEndEarly {
                return nil
            }
        }

        /// The content of a chunk; `nil` for the last one, which is empty (RFC 9112 section 7.1).
        ///
        /// FlyingFox encodes a body without a length as chunks before this code gets it, one chunk at a time, and
        /// encodes what this code returns once more.
        private static func content(of chunk: Data) -> Data? {
            let newLine = Data("\r\n".utf8)
            guard let sizeEnd = chunk.range(of: newLine)?.lowerBound,
                let size = Int(String(decoding: chunk[..<sizeEnd], as: UTF8.self), radix: 16)
            else { return chunk }
            return size == 0 ? nil : chunk[(sizeEnd + 2)...].prefix(size)
        }
    }
}

/// The frames of a web socket, for as long as they may be sent.
private struct SentWebSocket: WSHandler {
    let handler: any WSHandler
    let authInfo: AuthInfo?
    let life: ResponseLife

    func makeFrames(for client: AsyncThrowingStream<WSFrame, any Error>) async throws -> AsyncStream<WSFrame> {
        let frames = try await AuthInfo.$current.withValue(authInfo) { try await handler.makeFrames(for: client) }
        let source = Source(frames.makeAsyncIterator())
        let (authInfo, life) = (authInfo, life)
        return AsyncStream { try? await source.next(for: authInfo, within: life) }
    }
}

/// The rest of a sequence, taken one element at a time.
// SAFETY: the consumer waits for each element, so the iterator is used by one task at a time.
private final class Source<Iterator: AsyncIteratorProtocol & SendableMetatype>: @unchecked Sendable
where Iterator.Element: Sendable {
    private var iterator: Iterator

    init(_ iterator: Iterator) {
        self.iterator = iterator
    }

    private enum Event {
        case element(Iterator.Element?)
        case over
        case interrupted
    }

    /// The next element, produced with `AuthInfo.current` set.
    ///
    /// - Throws: ``ResponseLife/Expired`` when the time is over before there is an element.
    func next(for authInfo: AuthInfo?, within life: ResponseLife) async throws -> Iterator.Element? {
        guard life.hasEnd else { return try await takeNext(for: authInfo) }
        guard !life.isOver else { throw ResponseLife.Expired() }
        return try await withThrowingTaskGroup(of: Event.self) { group in
            group.addTask { .element(try await self.takeNext(for: authInfo)) }
            group.addTask { await life.waitUntilOver() ? .over : .interrupted }
            defer { group.cancelAll() }
            while let event = try await group.next() {
                switch event {
                case .element(let element): return element
                case .over: throw ResponseLife.Expired()
                case .interrupted: continue
                }
            }
            return nil
        }
    }

    private func takeNext(for authInfo: AuthInfo?) async throws -> Iterator.Element? {
        var iterator = iterator
        defer { self.iterator = iterator }
        return try await AuthInfo.$current.withValue(authInfo) { try await iterator.next(isolation: #isolation) }
    }
}
#endif
