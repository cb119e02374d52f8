// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthConcurrency

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Waits for the ends of the calls of one instance.
///
/// While the module is quick, a thread looks for the end itself for a moment before it waits, since two changes of threads
/// take longer than most quick calls. Other threads may run meanwhile.
final class ModuleWaiting: Sendable {
    /// The maximum seconds for which a thread looks for the end of a call.
    private static let longestLook = 0.0001

    private let quickness = ModuleQuickness(quick: longestLook)

    /// The end of a call that began at a time.
    func end(of call: ModuleCall, in calls: ModuleCalls, since began: MonotonicTime) async -> ModuleCall.End {
        let found = quickness.isProven ? Self.look(for: call, until: began.adding(Self.longestLook)) : nil
        let end: ModuleCall.End
        if let found { end = found } else { end = await calls.end(of: call) }
        quickness.note(began.duration(to: .now))
        return end
    }

    /// `nil` if the call has not ended in time.
    private static func look(for call: ModuleCall, until end: MonotonicTime) -> ModuleCall.End? {
        repeat {
            if let found = call.end { return found }
            sched_yield()
        } while .now < end
        return nil
    }
}
