// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Whether what was concluded from an issuer's keys may still be believed without looking at them again.
///
/// The owner of the keys extends it when it has seen that they are unchanged, and renews it when they changed, which
/// makes every stamp taken before out of date.
package final class KeyFreshness: Sendable {
    /// The version of the keys when something was concluded.
    package struct Stamp: Sendable, Equatable {
        fileprivate let version: UInt64
    }

    private let version = Atomic<UInt64>(0)
    /// The bits of the seconds of an ``Uptime``.
    private let end = Atomic<UInt64>(Uptime.distantPast.seconds.bitPattern)

    package init() {}

    package var stamp: Stamp {
        Stamp(version: version.load(ordering: .acquiring))
    }

    /// Whether nothing changed since `stamp`, and the keys were seen recently enough.
    package func isCurrent(_ stamp: Stamp, at moment: Uptime) -> Bool {
        version.load(ordering: .acquiring) == stamp.version
            && moment.seconds < Double(bitPattern: end.load(ordering: .acquiring))
    }

    /// The keys are what they were, and need not be looked at before `moment`.
    package func extend(until moment: Uptime) {
        end.store(moment.seconds.bitPattern, ordering: .releasing)
    }

    /// The keys changed.
    package func renew() {
        version.wrappingAdd(1, ordering: .acquiringAndReleasing)
    }
}
