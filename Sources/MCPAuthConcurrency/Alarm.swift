// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Runs actions at given times, unless they are cancelled before.
///
/// A sleep of a task keeps its timer in the system until it is due, even if the task is cancelled. With requests that
/// take a millisecond and deadlines of 30 seconds, many such timers would accumulate. Here all deadlines within one
/// hundredth of a second share one sleep, and a cancelled action leaves nothing behind.
package final class Alarm: Sendable {
    /// Identifies an action, to cancel it.
    package struct Ticket: Sendable {
        fileprivate let slot: Int64
        fileprivate let number: UInt64
    }

    private typealias Action = @Sendable () -> Void

    private struct State {
        /// The actions that are due at the end of each hundredth of a second for which a task sleeps.
        var slots: [Int64: [UInt64: Action]] = [:]
        var nextNumber: UInt64 = 0
    }

    /// The instance of this process.
    package static let shared = Alarm()

    private static var slotsPerSecond: Int64 { 100 }

    private let start = ContinuousClock.Instant.now
    private let state = Lock(State())

    private init() {}

    /// Runs `action` at `instant` or at most a hundredth of a second later, on any thread.
    ///
    /// - Parameter action: It must be short and must not block.
    package func call(at instant: ContinuousClock.Instant, _ action: @escaping @Sendable () -> Void) -> Ticket {
        let slot = slot(of: instant)
        let (isNew, number) = state.withLock { state in
            state.nextNumber &+= 1
            let isNew = state.slots[slot] == nil
            state.slots[slot, default: [:]][state.nextNumber] = action
            return (isNew, state.nextNumber)
        }
        if isNew { sleep(through: slot) }
        return Ticket(slot: slot, number: number)
    }

    /// Cancels an action that has not run yet.
    package func callOff(_ ticket: Ticket) {
        _ = remove(ticket)
    }

    /// Waits until `instant`; returns `false` if this task was cancelled.
    package func wait(until instant: ContinuousClock.Instant) async -> Bool {
        let ticket = call(at: instant) {}
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isPending = state.withLock { state in
                    guard state.slots[ticket.slot]?[ticket.number] != nil else { return false }
                    state.slots[ticket.slot]?[ticket.number] = { continuation.resume() }
                    return true
                }
                if !isPending { continuation.resume() }
            }
        } onCancel: {
            remove(ticket)?()
        }
        return !Task.isCancelled
    }

    /// The number of sleeps in progress.
    package var sleeps: Int { state.withLock { $0.slots.count } }

    private func remove(_ ticket: Ticket) -> Action? {
        state.withLock { $0.slots[ticket.slot]?.removeValue(forKey: ticket.number) }
    }

    private func sleep(through slot: Int64) {
        let end = start.advanced(by: .milliseconds(slot * 1000 / Self.slotsPerSecond))
        // Detached, because the task would otherwise keep the task-local values of the first caller, such as its
        // `AuthInfo`.
        Task.detached {
            try? await Task.sleep(until: end, clock: .continuous)
            let due = self.state.withLock { $0.slots.removeValue(forKey: slot) } ?? [:]
            for action in due.values { action() }
        }
    }

    /// The first slot that ends at `instant` or later.
    private func slot(of instant: ContinuousClock.Instant) -> Int64 {
        // A later instant is cut off, because slot numbers could overflow.
        let latest = start.advanced(by: .seconds(100 * 365 * 86_400))
        let (seconds, attoseconds) = start.duration(to: min(instant, latest)).components
        let slotLength = 1_000_000_000_000_000_000 / Self.slotsPerSecond
        return seconds * Self.slotsPerSecond + (attoseconds + slotLength - 1) / slotLength
    }
}
