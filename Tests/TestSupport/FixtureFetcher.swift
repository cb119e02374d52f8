// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthLock
package import MCPAuthVerification

/// Answers fetches from a table of documents and counts them; it can be out of order.
package final class FixtureFetcher: HTTPFetcher {
    private struct State {
        var documents: [String: [UInt8]]
        var requests: [String] = []
        var isDown = false
    }

    private let state: Lock<State>

    package init(_ documents: [String: [UInt8]]) {
        state = Lock(State(documents: documents))
    }

    /// The URLs that were asked for, in order.
    package var requests: [String] {
        state.withLock { $0.requests }
    }

    package func setDown(_ isDown: Bool) {
        state.withLock { $0.isDown = isDown }
    }

    package func serve(_ document: [UInt8], at url: String) {
        state.withLock { $0.documents[url] = document }
    }

    package func fetch(_ request: FetchRequest) async throws(FetchError) -> FetchResponse {
        let document: [UInt8]? = state.withLock { state in
            state.requests.append(request.url.description)
            return state.isDown ? [] : state.documents[request.url.description]
        }
        guard let document else { return FetchResponse(status: 404, body: []) }
        guard !document.isEmpty else { throw FetchError("\(request.url.origin) is down") }
        return FetchResponse(status: 200, body: document)
    }
}
