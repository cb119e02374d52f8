// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CMCPAuthModule
internal import MCPAuthConcurrency
internal import MCPAuthCore

/// What the host functions need for one instance; the context pointer of its host table refers to it.
final class ModuleContext: Sendable {
    let calls: ModuleCalls
    /// The top-level strings of the instance's configuration.
    let strings: [String: String]
    let secrets: @Sendable (String) -> [UInt8]?
    /// The name of the module in the configuration.
    private let name: String
    private let onEvent: EngineEventHandler
    private let error = Lock<String?>(nil)

    init(
        name: String,
        strings: [String: String],
        limits: ModuleLimits,
        secrets: @escaping @Sendable (String) -> [UInt8]?,
        onEvent: @escaping EngineEventHandler
    ) {
        self.name = name
        self.strings = strings
        self.secrets = secrets
        self.onEvent = onEvent
        calls = ModuleCalls(seconds: limits.callSeconds)
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

    /// Emits an event for a fault of the module.
    func report(_ fault: ModuleFault) {
        onEvent(EngineEvent(.error, .moduleFailed, "the module `\(name.printable)` \(fault)"))
    }

    /// The last error the module logged.
    var lastError: String? {
        error.withLock { $0 }
    }
}
