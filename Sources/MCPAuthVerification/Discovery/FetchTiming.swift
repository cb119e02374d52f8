// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore

/// How long fetches may take and how long their results are used, in seconds.
package struct FetchTiming: Sendable {
    /// The age after which a value is refreshed while it is still used.
    package var freshFor: Double = 600
    /// The age after which a value is refreshed before it is used, unless the last fetch failed.
    package var waitAfter: Double = 1200
    /// The age after which a value that could not be refreshed is no longer used.
    package var usableFor: Double = 24 * 3600
    /// The minimum time to the next fetch after a success, and the longest after a failure.
    package var coolDown: Double = 30
    /// The time limit of one request to an issuer, from the name lookup to the last byte of the response, and of each
    /// caller that waits for a fetch.
    package var deadline: Double

    package init(deadline: Double = FetchRequest.defaultTimeout) {
        self.deadline = deadline
    }

    /// The time limit of a fetch, which may consist of two requests and a function of the application.
    ///
    /// Callers do not wait that long. The limit ends a fetch that would otherwise block every later one.
    var limit: Double { 3 * deadline }
}
