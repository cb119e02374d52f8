// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Whether what was concluded from an issuer's keys may still be believed without looking at them again.
///
/// The owner of the keys extends it when it has seen that they are unchanged, and renews it when they changed, which
/// ends every mark taken before.
package final class Trust: Sendable {
    /// What the trust was when something was concluded.
    package struct Mark: Sendable, Equatable {
        fileprivate let generation: UInt64
    }

    private let generation = Atomic<UInt64>(0)
    /// The bits of the seconds of an ``Uptime``.
    private let end = Atomic<UInt64>(Uptime.distantPast.seconds.bitPattern)

    package init() {}

    package var mark: Mark {
        Mark(generation: generation.load(ordering: .acquiring))
    }

    /// Whether nothing changed since `mark`, and the keys were seen recently enough.
    package func isCurrent(_ mark: Mark, at moment: Uptime) -> Bool {
        generation.load(ordering: .acquiring) == mark.generation
            && moment.seconds < Double(bitPattern: end.load(ordering: .acquiring))
    }

    /// The keys are what they were, and need not be looked at before `moment`.
    package func extend(until moment: Uptime) {
        end.store(moment.seconds.bitPattern, ordering: .releasing)
    }

    /// The keys changed.
    package func renew() {
        generation.wrappingAdd(1, ordering: .acquiringAndReleasing)
    }
}
