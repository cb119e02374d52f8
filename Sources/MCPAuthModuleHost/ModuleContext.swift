// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CMCPAuthModule
internal import MCPAuthConcurrency
internal import MCPAuthCore

/// Receives what a module logs and counts.
protocol ModuleOutput: Sendable {
    func log(_ level: Int32, _ text: String)
    func count(_ counter: String, by number: Int64)
}

/// What the host functions need for one instance; the context pointer of its host table leads to it.
final class ModuleContext: Sendable {
    let calls: ModuleCalls
    /// The top-level strings of the instance's configuration.
    let strings: [String: String]
    /// The secrets that the operator gave to the instance, by name.
    let secrets: [String: [UInt8]]
    /// Sends the requests of the instance.
    let fetches: ModuleFetches
    private let output: any ModuleOutput
    private let error = Lock<String?>(nil)
    /// Whether no second verdict has been ignored yet.
    private let ignored = Lock(true)

    init(
        strings: [String: String],
        hosts: [String],
        limits: ModuleLimits,
        secrets: [String: [UInt8]],
        output: any ModuleOutput
    ) {
        self.strings = strings
        self.secrets = secrets
        self.output = output
        fetches = ModuleFetches(hosts: hosts)
        calls = ModuleCalls(seconds: limits.callSeconds, most: limits.openCalls)
    }

    /// Emits a line that the module logged.
    func log(_ level: Int32, _ text: String) {
        if level == MCP_AUTH_LOG_ERROR { error.withLock { $0 = text } }
        output.log(level, text)
    }

    /// Emits a change of a counter.
    func count(_ counter: String, by number: Int64) {
        output.count(counter, by: number)
    }

    /// Ends a call with what the module gave; says once if it gives several verdicts for one call.
    func complete(_ number: UInt64, _ end: ModuleCall.End) {
        calls.end(number, end)
        guard !calls.noteAnswer(number) else { return }
        let isFirst = ignored.withLock { isFirst in
            defer { isFirst = false }
            return isFirst
        }
        let message = "`complete` was called twice for a call; the first verdict counts"
        if isFirst { output.log(MCP_AUTH_LOG_WARNING, message) }
    }

    /// The last error the module logged.
    var lastError: String? {
        error.withLock { $0 }
    }
}
