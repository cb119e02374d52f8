// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore

/// How long fetches may take and what they brought is used, in seconds.
package struct FetchTiming: Sendable {
    /// After this a value is refreshed, while it is still used.
    package var freshFor: Double = 600
    /// After this a value is refreshed before it is used.
    package var waitAfter: Double = 1200
    /// After this a value that could not be refreshed is used no more.
    package var usableFor: Double = 24 * 3600
    /// The least time between two fetches.
    package var coolDown: Double = 30
    /// The longest that one request to an issuer takes, from the look-up of its name to the last byte of the answer, and
    /// that anybody waits for what is fetched.
    package var deadline: Double

    package init(deadline: Double = FetchRequest.defaultTimeout) {
        self.deadline = deadline
    }

    /// The longest that a fetch may be under way, which may be two requests and a function of the application.
    ///
    /// Those who wait do not wait that long. It ends what would otherwise stand in the way of every later fetch.
    var limit: Double { 3 * deadline }
}

/// The moment at which somebody stops waiting.
package struct Deadline: Sendable {
    package let instant: ContinuousClock.Instant

    /// Some seconds from now.
    package init(in seconds: Double) {
        instant = .now.advanced(by: .seconds(seconds))
    }

    /// A number of seconds for a message, such as `5 s`.
    package static func text(_ seconds: Double) -> String {
        seconds == seconds.rounded() && seconds < 1e9 ? "\(Int(seconds)) s" : "\(seconds) s"
    }
}
