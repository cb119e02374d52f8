// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// How much of this process one instance of a module may use.
package struct ModuleLimits: Sendable {
    /// The maximum number of threads inside the module at the same time.
    package var threads = 8
    /// The maximum number of calls that wait for a thread; further calls are *unavailable* at once.
    package var waitingCalls = 1024
    /// The maximum number of calls without a verdict, waiting or not; further calls are *unavailable* at once.
    package var openCalls = 2048
    /// The maximum seconds for a call, including its time in the queue.
    package var callSeconds = 5.0
    /// The maximum seconds for a transformer, except on the thread of a request.
    package var transformSeconds = 1.0
    /// The maximum seconds for `validate` and for `create`.
    package var setupSeconds = 30.0
    /// The maximum seconds for which a function may run in a process of its own, which then ends.
    package var hangSeconds = 10.0
    /// Seconds after which a thread without work ends.
    package var idleSeconds = 30.0
    /// Whether a module that needs nothing but its input may run on the thread of a request once it has proved quick: if
    /// it then blocks, it holds that request.
    package var usesRequestThread = false

    package init() {}
}

extension Double {
    /// The number as text, without a fraction if it is whole.
    var asWritten: String { Int(exactly: self).map(String.init) ?? "\(self)" }
}
