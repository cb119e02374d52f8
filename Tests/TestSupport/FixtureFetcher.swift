// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthConcurrency
package import MCPAuthCore

/// Answers fetches from a table of documents and records them; it can fail, or delay answers until ``release()``.
package final class FixtureFetcher: ClockedFetcher {
    private struct State {
        var documents: [String: FetchResponse]
        var received: [FetchRequest] = []
        var isDown = false
        var failing: Set<String> = []
        var isHeld = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Lock<State>
    /// The steady clock of the code that fetches with this.
    package let time = TestTime()
    package var clock: SteadyClock { time.clock }

    package init(_ documents: [String: [UInt8]]) {
        state = Lock(State(documents: documents.mapValues { FetchResponse(status: 200, body: $0) }))
    }

    /// The requests that were made, in order.
    package var received: [FetchRequest] {
        state.withLock { $0.received }
    }

    /// The requested URLs, in order.
    package var requests: [String] {
        received.map(\.url.description)
    }

    package func setDown(_ isDown: Bool) {
        state.withLock { $0.isDown = isDown }
    }

    /// Makes requests for a URL fail without an answer.
    package func fail(at url: String) {
        state.withLock { _ = $0.failing.insert(url) }
    }

    /// Makes requests wait until ``release()``.
    package func hold() {
        state.withLock { $0.isHeld = true }
    }

    package func release() {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            state.isHeld = false
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    package func serve(_ document: [UInt8], at url: String, status: Int = 200) {
        state.withLock { $0.documents[url] = FetchResponse(status: status, body: document) }
    }

    package func fetch(_ request: FetchRequest) async throws(FetchError) -> FetchResponse {
        state.withLock { $0.received.append(request) }
        await withCheckedContinuation { continuation in
            let isHeld = state.withLock { state in
                if state.isHeld { state.waiting.append(continuation) }
                return state.isHeld
            }
            if !isHeld { continuation.resume() }
        }
        let (isDown, document) = state.withLock { state in
            let url = request.url.description
            return (state.isDown || state.failing.contains(url), state.documents[url])
        }
        if isDown { throw FetchError("\(request.url.origin) is down") }
        return document ?? FetchResponse(status: 404, body: [])
    }
}
