// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CMCPAuthModule
internal import MCPAuthCore

/// One instance of a module: the owner of its state, and of the threads on which it runs.
///
/// No function of the module runs on the thread of a caller of this type, except `destroy` when no other thread can.
// SAFETY: only modules that declare themselves REENTRANT are loaded, so `verify` may run on several threads. `state` is
// written in `init`; every call that uses it keeps this instance alive, so `destroy` comes after the last of them.
@safe final class ModuleInstance: @unchecked Sendable {
    private let library: ModuleLibrary
    private let context: ModuleContext
    private let host: ModuleHostMemory
    private let state: UnsafeMutableRawPointer?
    private let threads: ModuleThreads
    private let callSeconds: Double

    /// - Throws: ``ConfigurationError`` with the code `moduleRefused` when `create` fails or does not return in time.
    init(
        library: ModuleLibrary,
        configuration: ModuleConfiguration,
        context: ModuleContext,
        limits: ModuleLimits
    ) throws(ConfigurationError) {
        self.library = library
        self.context = context
        threads = ModuleThreads(limits: limits)
        callSeconds = limits.callSeconds
        let host = ModuleHostMemory(context)
        self.host = host
        guard let made = OwnThread.result(within: limits.setupSeconds, { Self.make(library, configuration, host) })
        else {
            // `create` may still run and use its host table, so the table is never freed.
            _ = unsafe Unmanaged.passRetained(host)
            throw Self.refused(library, "`create` did not return within \(limits.setupSeconds.asWritten) seconds")
        }
        guard made.code == 0 else {
            let reason = context.lastError?.escaped ?? "it refuses its configuration or a secret it names"
            throw Self.refused(library, reason)
        }
        unsafe state = made.state
    }

    deinit {
        let made = unsafe Made(code: 0, state: state)
        let destroy: ModuleThreads.Job = { [library, host] in
            unsafe library.module.pointee.destroy(made.state)
            withExtendedLifetime(host) {}
        }
        // If no other thread can run it, this one does.
        if threads.run(context.calls.reserve(), destroy) != nil { destroy() }
    }

    /// The result of `create`.
    // SAFETY: the pointer is the module's own; it is only handed back to the module.
    @safe private struct Made: @unchecked Sendable {
        let code: Int32
        let state: UnsafeMutableRawPointer?
    }

    private static func make(
        _ library: ModuleLibrary,
        _ configuration: ModuleConfiguration,
        _ host: ModuleHostMemory
    ) -> Made {
        var state: UnsafeMutableRawPointer?
        let code = unsafe configuration.withText { text, length in
            unsafe library.module.pointee.create(host.table, text, length, &state)
        }
        return unsafe Made(code: code, state: state)
    }

    private static func refused(_ library: ModuleLibrary, _ reason: String) -> ConfigurationError {
        ConfigurationError(.moduleRefused, "the module `\(library.name.printable)` cannot be configured: \(reason)")
    }

    /// Asks the module to verify a token, and waits until the call ends or the task is cancelled.
    func verify(_ token: [UInt8], at resource: String, now: NumericDate) async -> ModuleCalls.CallEnd {
        let number = context.calls.reserve()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                context.calls.open(number, now: now) { [threads] outcome in
                    // A call that timed out in the queue gives up its place.
                    if case .fault(.noAnswerInTime) = outcome { threads.withdraw(number) }
                    continuation.resume(returning: outcome)
                }
                let fault = threads.run(number) { self.call(number, token, resource, now) }
                if let fault { context.calls.end(number, .fault(fault)) }
                if Task.isCancelled { abandon(number) }
            }
        } onCancel: {
            abandon(number)
        }
    }

    private func abandon(_ number: UInt64) {
        threads.withdraw(number)
        context.calls.end(number, .abandoned)
    }

    /// Runs one call on this thread.
    private func call(_ number: UInt64, _ token: [UInt8], _ resource: String, _ now: NumericDate) {
        // The call may have ended while it waited for this thread.
        guard context.calls.isOpen(number) else { return }
        let texts = [token, Array(resource.utf8), Array("Bearer".utf8)]
        // One buffer for all texts needs only one `withUnsafeBytes`.
        unsafe Array(texts.joined()).withUnsafeBytes { bytes in
            var start = 0
            let parts = unsafe texts.map { text in
                defer { start += text.count }
                return unsafe mcp_auth_bytes(UnsafeRawBufferPointer(rebasing: bytes[start..<(start + text.count)]))
            }
            var request = unsafe mcp_auth_request(
                struct_size: UInt32(MemoryLayout<mcp_auth_request>.size),
                reserved: 0,
                resource: parts[1],
                token: parts[0],
                scheme: parts[2],
                deadline_unix_s: ModuleCalls.wholeSeconds(now.adding(callSeconds)),
                unverified_issuer: mcp_auth_bytes(),
                method: mcp_auth_bytes(),
                url: mcp_auth_bytes()
            )
            unsafe library.module.pointee.verify(state, &request, number)
        }
        context.calls.end(number, .fault(.noVerdict))
    }
}

/// The host table of one instance, at an address that does not change, together with what its functions need.
// SAFETY: the table is written in `init` and freed in `deinit`; its context is Sendable.
@safe final class ModuleHostMemory: @unchecked Sendable {
    let table: UnsafeMutablePointer<mcp_auth_host>
    private let context: ModuleContext

    init(_ context: ModuleContext) {
        self.context = context
        unsafe table = .allocate(capacity: 1)
        unsafe table.initialize(to: ModuleHostTable.make(context: context))
    }

    deinit {
        unsafe table.deallocate()
    }
}
