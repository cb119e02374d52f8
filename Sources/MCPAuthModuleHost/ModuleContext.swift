// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CMCPAuthModule
internal import MCPAuthConcurrency
internal import MCPAuthCore

/// What the host functions need for one instance; the context pointer of its host table leads to it.
final class ModuleContext: Sendable {
    let calls: ModuleCalls
    /// The top-level strings of the instance's configuration.
    let strings: [String: String]
    let secrets: @Sendable (String) -> [UInt8]?
    /// Sends the requests of the instance.
    let fetches: ModuleFetches
    /// The name of the module in the configuration.
    let name: String
    private let onEvent: EngineEventHandler
    private let error = Lock<String?>(nil)
    private let counters = Lock<Set<String>>([])

    private static let mostCounters = 64
    private static let mostCounterBytes = 64

    init(
        name: String,
        strings: [String: String],
        hosts: [String],
        limits: ModuleLimits,
        secrets: @escaping @Sendable (String) -> [UInt8]?,
        onEvent: @escaping EngineEventHandler
    ) {
        self.name = name
        self.strings = strings
        self.secrets = secrets
        self.onEvent = onEvent
        fetches = ModuleFetches(hosts: hosts)
        calls = ModuleCalls(seconds: limits.callSeconds, most: limits.openCalls)
    }

    /// Emits a line that the module logged as an event.
    func log(_ level: Int32, _ text: String) {
        if level == MCP_AUTH_LOG_ERROR { error.withLock { $0 = text } }
        let level: EngineEvent.Level =
            switch level {
            case ...MCP_AUTH_LOG_DEBUG: .debug
            case MCP_AUTH_LOG_INFO: .info
            case MCP_AUTH_LOG_WARNING: .warning
            default: .error
            }
        onEvent(EngineEvent(level, .module, "\(name.printable): \(text.escaped)"))
    }

    /// Emits a change of a counter as an event; ignores names and numbers that are not allowed.
    func count(_ counter: String, by number: Int64) {
        let isName =
            (1...Self.mostCounterBytes).contains(counter.utf8.count) && counter.utf8.allSatisfy(Self.isNameByte)
        guard isName, number > 0 else { return }
        let isKnown = counters.withLock { counters in
            guard counters.count < Self.mostCounters || counters.contains(counter) else { return false }
            counters.insert(counter)
            return true
        }
        guard isKnown else { return }
        onEvent(
            EngineEvent(
                .debug,
                .moduleCounted,
                "\(name.printable): \(counter) by \(number)",
                metadata: ["module": name.printable, "counter": counter, "by": "\(number)"]
            )
        )
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// Emits an event for a fault of the module.
    func report(_ fault: ModuleFault) {
        onEvent(EngineEvent(.error, .moduleFailed, "the module `\(name.printable)` \(fault)"))
    }

    /// The last error the module logged.
    var lastError: String? {
        error.withLock { $0 }
    }
}
