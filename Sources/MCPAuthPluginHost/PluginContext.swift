// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CMCPAuthPlugin
internal import MCPAuthCore
internal import MCPAuthLock

/// What the host functions need for one instance; the context pointer of its host table refers to it.
final class PluginContext: Sendable {
    let calls = PluginCalls()
    /// The top-level strings of the instance's configuration.
    let strings: [String: String]
    let secrets: @Sendable (String) -> [UInt8]?
    private let sink: @Sendable (Int32, String) -> Void
    private let error = Lock<String?>(nil)

    init(
        strings: [String: String],
        secrets: @escaping @Sendable (String) -> [UInt8]?,
        log: @escaping @Sendable (Int32, String) -> Void
    ) {
        self.strings = strings
        self.secrets = secrets
        sink = log
    }

    /// Passes on one line of a module, made printable.
    func log(_ level: Int32, _ text: [UInt8]) {
        let line = String(decoding: text, as: UTF8.self).printable
        if level == MCP_AUTH_LOG_ERROR { error.withLock { $0 = line } }
        sink(level, line)
    }

    /// The last error the module logged.
    var lastError: String? {
        error.withLock { $0 }
    }
}
