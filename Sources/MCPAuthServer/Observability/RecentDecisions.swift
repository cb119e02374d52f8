// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthConcurrency
package import MCPAuthCore

/// The last decisions, so that an operator can look one up by its id.
///
/// Allowed requests, refused requests of known callers and other refused requests have the same number of places each, so
/// that many of one kind do not displace the others. The oldest one makes room for the next.
package final class RecentDecisions: Sendable {
    private struct Ring {
        var records: [DecisionRecord] = []
        var next = 0

        mutating func add(_ record: DecisionRecord, most: Int) {
            if records.count < most {
                records.append(record)
            } else {
                records[next] = record
            }
            next = (next + 1) % most
        }

        /// From the oldest to the newest.
        var inOrder: [DecisionRecord] {
            Array(records[min(next, records.count)...] + records[..<min(next, records.count)])
        }
    }

    private struct State {
        var allowed = Ring()
        /// Of callers that are known.
        var refused = Ring()
        /// Of others: anybody can cause them.
        var refusedUnknown = Ring()
    }

    private let most: Int
    private let state = Lock(State())

    /// - Parameter most: How many of each kind are kept; at least 1.
    package init(most: Int = 2000) {
        self.most = max(1, most)
    }

    package func add(_ record: DecisionRecord) {
        state.withLock { state in
            switch (record.denial, record.caller) {
            case (nil, _): state.allowed.add(record, most: most)
            case (_?, _?): state.refused.add(record, most: most)
            case (_?, nil): state.refusedUnknown.add(record, most: most)
            }
        }
    }

    /// The newest decisions, the newest one first.
    ///
    /// - Parameter isRefused: Only refused ones, or only allowed ones; `nil` for both.
    package func newest(_ count: Int, isRefused: Bool? = nil) -> [DecisionRecord] {
        let kept = state.withLock { $0 }
        var all: [DecisionRecord] = []
        if isRefused != true { all += kept.allowed.inOrder }
        if isRefused != false { all += kept.refused.inOrder + kept.refusedUnknown.inOrder }
        return Array(all.sorted { $0.time > $1.time }.prefix(max(0, count)))
    }

    /// The decision with this id; `nil` if it is not kept any more, or never was made.
    package subscript(id: DecisionID) -> DecisionRecord? {
        let kept = state.withLock { $0 }
        return [kept.refused, kept.refusedUnknown, kept.allowed].lazy
            .compactMap { ring in ring.records.first { $0.id == id } }.first
    }
}
