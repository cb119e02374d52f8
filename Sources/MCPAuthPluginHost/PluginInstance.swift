// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CMCPAuthPlugin
internal import HTTPTypes
internal import MCPAuthCore

/// One instance of a module: the owner of its state and of the host table it was given.
// SAFETY: only modules that declare themselves REENTRANT are loaded, so `verify` may run on several threads. The host
// table and its context are written in `init`, stay where they are until `deinit` has called `destroy`, and point to
// values that are themselves Sendable.
@safe final class PluginInstance: @unchecked Sendable {
    private let library: PluginLibrary
    private let context: PluginContext
    private let host: UnsafeMutablePointer<mcp_auth_host>
    private let state: UnsafeMutableRawPointer?

    /// - Throws: ``ConfigurationError`` with the code `moduleRefused` when the module does not want its configuration.
    init(
        library: PluginLibrary,
        configuration: PluginConfiguration,
        context: PluginContext
    ) throws(ConfigurationError) {
        self.library = library
        self.context = context
        let host = UnsafeMutablePointer<mcp_auth_host>.allocate(capacity: 1)
        unsafe host.initialize(to: PluginHostTable.make(context: context))
        var state: UnsafeMutableRawPointer?
        let code = unsafe configuration.withText { text, length in
            unsafe library.module.pointee.create(host, text, length, &state)
        }
        guard code == 0 else {
            unsafe host.deallocate()
            let reason = context.lastError ?? "it refuses its configuration or a secret it names"
            throw ConfigurationError(
                .moduleRefused,
                "the module `\(library.name.printable)` cannot be configured: \(reason)"
            )
        }
        unsafe self.host = unsafe host
        unsafe self.state = state
    }

    deinit {
        unsafe library.module.pointee.destroy(state)
        unsafe host.deallocate()
    }

    /// Seconds a module has for one call.
    private static let patience = 5.0

    /// Runs one call on this thread; `nil` when the module did not complete it.
    func verify(
        _ token: [UInt8],
        of request: ProtectedResourceRequest,
        resource: String,
        now: NumericDate
    ) -> PluginCalls.Verdict? {
        let call = context.calls.begin(now: now)
        let texts = [resource, "Bearer", request.method.rawValue, (request.authority ?? "") + request.path]
        let deadline = PluginCalls.wholeSeconds(now.adding(Self.patience))
        // One buffer for all texts, so that their bytes need one scope only.
        let buffer = token + texts.flatMap(\.utf8)
        unsafe buffer.withUnsafeBytes { bytes in
            var start = 0
            func next(_ count: Int) -> mcp_auth_bytes {
                defer { start += count }
                return unsafe mcp_auth_bytes(UnsafeRawBufferPointer(rebasing: bytes[start..<(start + count)]))
            }
            let token = unsafe next(token.count)
            let parts = unsafe texts.map { unsafe next($0.utf8.count) }
            var request = unsafe mcp_auth_request(
                struct_size: UInt32(MemoryLayout<mcp_auth_request>.size),
                reserved: 0,
                resource: parts[0],
                token: token,
                scheme: parts[1],
                deadline_unix_s: deadline,
                unverified_issuer: mcp_auth_bytes(),
                method: parts[2],
                url: parts[3]
            )
            unsafe library.module.pointee.verify(state, &request, call)
        }
        return context.calls.end(call)
    }
}
