// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CMCPAuthModule
internal import MCPAuthConcurrency
internal import MCPAuthCore

/// Emits what a module logs and counts, and its faults, as events.
final class ModuleEvents: ModuleOutput {
    /// The name of the module in the configuration.
    private let name: String
    private let onEvent: EngineEventHandler
    private let counters = Lock<Set<String>>([])

    private static let mostCounters = 64
    private static let mostCounterBytes = 64

    init(name: String, onEvent: @escaping EngineEventHandler) {
        self.name = name
        self.onEvent = onEvent
    }

    func log(_ level: Int32, _ text: String) {
        let level: EngineEvent.Level =
            switch level {
            case ...MCP_AUTH_LOG_DEBUG: .debug
            case MCP_AUTH_LOG_INFO: .info
            case MCP_AUTH_LOG_WARNING: .warning
            default: .error
            }
        onEvent(EngineEvent(level, .module, "\(name.printable): \(text.escaped)"))
    }

    /// Ignores names and numbers that are not allowed.
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

    /// Emits a fault of the module.
    func report(_ fault: ModuleFault) {
        report("\(fault)")
    }

    /// Emits a fault as the rest of a sentence that begins with the module's name.
    func report(_ fault: String) {
        onEvent(EngineEvent(.error, .moduleFailed, "the module `\(name.printable)` \(fault)"))
    }
}
