// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// How much of this process one instance of a module may use.
package struct ModuleLimits: Sendable {
    /// Threads that are inside the module at the same time.
    package var threads = 8
    /// Calls that wait for one of them; more are answered at once that the module is not available.
    package var waitingCalls = 256
    /// Seconds from a request's question to its answer, time in the queue included.
    package var callSeconds = 5.0
    /// Seconds for `validate` and `create`.
    package var setupSeconds = 30.0
    /// Seconds after which a thread without work ends.
    package var idleSeconds = 30.0

    package init() {}
}

extension Double {
    /// As a person writes it: without a fraction where there is none.
    var asWritten: String { Int(exactly: self).map(String.init) ?? "\(self)" }
}
