// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore

/// An instance of a verifier or transformer of a module, in this process or in one of its own.
protocol ModuleInstance: Sendable {
    var context: ModuleContext { get }

    /// Asks a pure module to verify a token on this thread; `nil` if it must not run here or has not proved quick.
    func verifyInline(_ token: [UInt8], at resource: [UInt8], now: NumericDate) async -> ModuleCall.End?

    /// Asks the module to verify a token, and waits until the call ends or the task is cancelled.
    func verify(_ request: ModuleRequest, now: NumericDate) async -> ModuleCall.End

    /// Transforms claims, within a bounded time; `nil` if the module refuses them.
    func transform(_ claims: [UInt8], of issuer: String) throws(ModuleFault) -> [UInt8]?
}

extension ModuleConfiguration {
    /// Creates an instance.
    ///
    /// - Parameters:
    ///   - hosts: The hosts from which it may fetch.
    ///   - secrets: The secrets that the operator gave to it, by name.
    /// - Throws: ``ConfigurationError`` with the code `moduleRefused` when `create` fails or does not return in time.
    func instance(
        hosts: [String] = [],
        secrets: [String: [UInt8]],
        limits: ModuleLimits,
        events: ModuleEvents
    ) throws(ConfigurationError) -> any ModuleInstance {
        let context = ModuleContext(strings: strings, hosts: hosts, limits: limits, secrets: secrets, output: events)
        switch component.home {
        case .thisProcess(let functions):
            return try LoadedInstance(functions, self, context: context, limits: limits)
        case .ownProcess(let program):
            return try IsolatedInstance(program, self, context: context, events: events, limits: limits)
        }
    }
}

extension ModuleComponent {
    func refused(_ reason: String) -> ConfigurationError {
        ConfigurationError(.moduleRefused, "the module `\(moduleName.printable)` cannot be configured: \(reason)")
    }
}
