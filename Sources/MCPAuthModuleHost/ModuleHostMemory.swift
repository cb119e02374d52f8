// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CMCPAuthModule
internal import MCPAuthConcurrency

/// Leads from a host table to its instance, as long as there is one; never freed.
final class ModuleInstanceReference: Sendable {
    private struct Ends {
        weak var instance: LoadedInstance?
        var context: ModuleContext?
    }

    private let ends: Lock<Ends>

    init(_ context: ModuleContext) {
        ends = Lock(Ends(context: context))
    }

    var context: ModuleContext? { ends.withLock { $0.context } }
    var instance: LoadedInstance? { ends.withLock { $0.instance } }

    func set(_ instance: LoadedInstance) {
        ends.withLock { $0.instance = instance }
    }

    /// Ends all effects of the host functions.
    func clear() {
        ends.withLock { $0.context = nil }
    }
}

/// The host table of one instance, at an address that does not change.
///
/// Table and reference are never freed, because a thread of the module may use them at any time, even after `destroy` or
/// after a `create` that did not return in time. This is less than 200 bytes for each instance that was ever created.
// SAFETY: the table is written in `init` and never changed or freed; its context is Sendable.
@safe final class ModuleHostMemory: @unchecked Sendable {
    let table: UnsafeMutablePointer<mcp_auth_host>
    let reference: ModuleInstanceReference

    init(_ context: ModuleContext) {
        reference = ModuleInstanceReference(context)
        unsafe table = .allocate(capacity: 1)
        unsafe table.initialize(to: ModuleHostTable.make(reference))
        Self.all.withLock { $0.append(self) }
    }

    /// All that were ever made, so that they stay.
    private static let all = Lock<[ModuleHostMemory]>([])
}
