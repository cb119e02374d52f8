// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if FlyingFox
internal import FlyingFox
internal import FlyingSocks
internal import Foundation

/// The body of one request, read only on demand.
// SAFETY: used by the task that handles the request: first by the guard, then by the response.
final class IncomingBody: @unchecked Sendable {
    private let body: HTTPBodySequence
    private var iterator: HTTPBodySequence.Iterator?
    private var isWhole = false

    init(_ body: HTTPBodySequence) {
        self.body = body
    }

    /// The whole body; `nil` when it is longer than `limit` bytes.
    func collect(upTo limit: Int) async throws -> [UInt8]? {
        if let length = body.count, length > limit { return nil }
        var bytes: [UInt8] = []
        while let chunk = try await next() {
            guard bytes.count + chunk.count <= limit else { return nil }
            bytes += chunk
        }
        return bytes
    }

    /// Whether the body may have a rest, which the host would read as the next request of the connection.
    var hasRest: Bool { !isWhole && body.count != 0 }

    /// Reads and discards the rest of the body, up to a limit of bytes and time.
    func discard() async {
        let deadline = ContinuousClock.now + .seconds(5)
        var bytes = 0
        while bytes <= 2 * 1024 * 1024, ContinuousClock.now < deadline, let chunk = try? await next() {
            bytes += chunk.count
        }
    }

    private func next() async throws -> Data? {
        guard !isWhole else { return nil }
        var iterator = iterator ?? body.makeAsyncIterator()
        let chunk = try await iterator.next()
        self.iterator = iterator
        isWhole = chunk == nil
        return chunk
    }
}

/// The body of a response after which the connection is closed.
struct ClosingBody: AsyncBufferedSequence {
    typealias Element = UInt8

    /// Closes a connection whose request already has a response.
    private struct ConnectionOver: Error {}

    let bytes: [UInt8]
    let incoming: IncomingBody

    func makeAsyncIterator() -> Iterator { Iterator(bytes: bytes, incoming: incoming) }

    struct Iterator: AsyncBufferedIteratorProtocol {
        private var bytes: [UInt8]
        private let incoming: IncomingBody

        init(bytes: [UInt8], incoming: IncomingBody) {
            self.bytes = bytes
            self.incoming = incoming
        }

        mutating func next() async throws -> UInt8? { try await nextBuffer(suggested: 1)?.first }

        mutating func nextBuffer(suggested count: Int) async throws -> ArraySlice<UInt8>? {
            guard bytes.isEmpty else {
                let part = bytes.prefix(Swift.max(1, count))
                bytes.removeFirst(part.count)
                return part
            }
            await incoming.discard()
            throw ConnectionOver()
        }
    }
}
#endif
