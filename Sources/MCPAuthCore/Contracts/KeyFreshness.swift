// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Tells whether results that depend on an issuer's keys are still valid, without looking at the keys again.
///
/// The owner of the keys calls ``extend(until:)`` after it has seen that they are unchanged, and ``renew()`` after they
/// changed, which makes all earlier stamps invalid.
package final class KeyFreshness: Sendable {
    /// The version of the keys on which a result depends.
    package struct Stamp: Sendable, Equatable {
        fileprivate let version: UInt64
    }

    private let version = Atomic<UInt64>(0)
    /// The bit pattern of the seconds of an ``Uptime``.
    private let end = Atomic<UInt64>(Uptime.distantPast.seconds.bitPattern)

    package init() {}

    package var stamp: Stamp {
        Stamp(version: version.load(ordering: .acquiring))
    }

    /// Whether the keys are unchanged since `stamp` and were checked recently enough.
    package func isCurrent(_ stamp: Stamp, at moment: Uptime) -> Bool {
        version.load(ordering: .acquiring) == stamp.version
            && moment.seconds < Double(bitPattern: end.load(ordering: .acquiring))
    }

    /// Records that the keys are unchanged and need no check before `moment`.
    package func extend(until moment: Uptime) {
        end.store(moment.seconds.bitPattern, ordering: .releasing)
    }

    /// Records that the keys changed.
    package func renew() {
        version.wrappingAdd(1, ordering: .acquiringAndReleasing)
    }
}
