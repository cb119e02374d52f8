// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthConcurrency
package import MCPAuthCore

/// Lets the admin listener ask for a reload; ``answer(with:)`` says later what reloads.
package final class ReloadRequests: Sendable {
    /// Reads the configuration again; what is wrong with it, or nothing.
    package typealias Reload = @Sendable () async -> [ConfigurationError]

    private let reload = Lock<Reload?>(nil)

    package init() {}

    /// Says who reloads.
    package func answer(with reload: @escaping Reload) {
        self.reload.withLock { $0 = reload }
    }

    /// Asks for a reload, and waits for it.
    package func ask() async -> [ConfigurationError] {
        guard let reload = reload.withLock({ $0 }) else {
            return [ConfigurationError(.conflict, "this server was started without a configuration file")]
        }
        return await reload()
    }
}
