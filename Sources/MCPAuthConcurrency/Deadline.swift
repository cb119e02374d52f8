// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// The time at which a caller stops waiting.
package struct Deadline: Sendable {
    package let instant: ContinuousClock.Instant

    /// The time that is `seconds` from now.
    package init(in seconds: Double) {
        instant = .now.advanced(by: .seconds(seconds))
    }

    /// A number of seconds for a message, such as `5 s`.
    package static func text(_ seconds: Double) -> String {
        seconds == seconds.rounded() && seconds < 1e9 ? "\(Int(seconds)) s" : "\(seconds) s"
    }
}
