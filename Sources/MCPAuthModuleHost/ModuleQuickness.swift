// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Whether a module answers quickly, so that it may run on the thread of a request.
///
/// It must be quick several times in a row before, and a slow call takes that back.
final class ModuleQuickness: Sendable {
    /// Calls in a row that must be quick.
    static let needed = 16
    /// The longest quick call, in seconds.
    private static let quick = 0.001

    private let calls = Atomic(0)

    var isProven: Bool { calls.load(ordering: .relaxed) >= Self.needed }

    func note(_ seconds: Double) {
        guard seconds <= Self.quick else { return reset() }
        if !isProven { calls.wrappingAdd(1, ordering: .relaxed) }
    }

    func reset() {
        calls.store(0, ordering: .relaxed)
    }
}
