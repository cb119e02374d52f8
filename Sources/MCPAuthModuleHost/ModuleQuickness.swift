// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Whether a module answers quickly, so that the thread of a request may run it, or wait a moment for it.
///
/// It must be quick several times in a row before, and a slow call takes that back. A call that did not return before its
/// deadline takes it back for good: a module that may run there must not wait for anything.
final class ModuleQuickness: Sendable {
    /// Calls in a row that must be quick.
    static let needed = 16
    /// The longest quick call, in seconds.
    private let quick: Double
    private static let excluded = Int.min

    private let calls = Atomic(0)

    init(quick: Double) {
        self.quick = quick
    }

    var isProven: Bool { calls.load(ordering: .relaxed) >= Self.needed }

    func note(_ seconds: Double) {
        let known = calls.load(ordering: .relaxed)
        guard known != Self.excluded, known < Self.needed || seconds > quick else { return }
        // If another thread notes a call at the same time, one of the two counts.
        let next = seconds <= quick ? known + 1 : 0
        _ = calls.compareExchange(expected: known, desired: next, ordering: .relaxed)
    }

    func reset() {
        let known = calls.load(ordering: .relaxed)
        guard known != Self.excluded else { return }
        _ = calls.compareExchange(expected: known, desired: 0, ordering: .relaxed)
    }

    /// The module is never proven again; true if it was.
    func exclude() -> Bool {
        calls.exchange(Self.excluded, ordering: .relaxed) >= Self.needed
    }
}
