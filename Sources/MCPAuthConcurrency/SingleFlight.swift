// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// A pending result that several tasks wait for.
///
/// Each task waits until its own deadline or its cancellation; the work continues for the others.
package final class Flight<Value: Sendable>: Sendable {
    private enum Place {
        /// A task is about to wait.
        case reserved
        case waiting(CheckedContinuation<Value?, Never>)
    }

    private struct State {
        var landed: Value?
        var places: [Int: Place] = [:]
        var nextTicket = 0
    }

    private let state = Lock(State())

    package init() {}

    /// Gives the result to all who wait now or later; only the first call has an effect.
    package func land(_ value: Value) {
        let places = state.withLock { state in
            guard state.landed == nil else { return [Int: Place]() }
            state.landed = value
            defer { state.places = [:] }
            return state.places
        }
        for case .waiting(let continuation) in places.values { continuation.resume(returning: value) }
    }

    /// The result; `nil` when the deadline passes or this task is cancelled first.
    package func value(until deadline: Deadline) async -> Value? {
        let (landed, ticket) = state.withLock { state in
            state.nextTicket += 1
            if state.landed == nil { state.places[state.nextTicket] = .reserved }
            return (state.landed, state.nextTicket)
        }
        if let landed { return landed }
        let alarm = Alarm.shared.call(at: deadline.instant) { self.leave(ticket) }
        defer { Alarm.shared.callOff(alarm) }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Value?? = state.withLock { state in
                    // Since the place was reserved, the result landed or the wait ended.
                    guard state.places[ticket] != nil else { return .some(state.landed) }
                    state.places[ticket] = .waiting(continuation)
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            leave(ticket)
        }
    }

    private func leave(_ ticket: Int) {
        let place = state.withLock { $0.places.removeValue(forKey: ticket) }
        if case .waiting(let continuation)? = place { continuation.resume(returning: nil) }
    }
}

/// Lets concurrent callers that ask for the same key share one answer.
package final class SingleFlight<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    /// The outcome of waiting.
    package enum Arrival: Sendable {
        case landed(Value)
        /// The deadline passed, or the task was cancelled.
        case late
        /// Too many answers or bytes are under way already.
        case full
    }

    private struct State {
        var flights: [Key: (flight: Flight<Value>, bytes: Int)] = [:]
        var bytes = 0
    }

    private let most: Int
    private let mostBytes: Int
    private let state = Lock(State())

    /// - Parameters:
    ///   - most: The maximum number of answers under way at once.
    ///   - bytes: The maximum number of bytes that they may hold in memory.
    package init(most: Int, bytes: Int = .max) {
        self.most = most
        mostBytes = bytes
    }

    /// The answer for `key`; calls `make` unless that answer is already under way.
    ///
    /// - Parameters:
    ///   - bytes: How many bytes `make` holds in memory.
    ///   - make: Makes the answer. It is not cancelled when callers stop waiting, so it must end by itself.
    package func value(
        for key: Key,
        bytes: Int = 0,
        until deadline: Deadline,
        _ make: @escaping @Sendable () async -> Value
    ) async -> Arrival {
        let flight: Flight<Value>? = state.withLock { state in
            if let known = state.flights[key] { return known.flight }
            guard state.flights.count < most, bytes <= mostBytes - state.bytes else { return nil }
            let flight = Flight<Value>()
            state.flights[key] = (flight, bytes)
            state.bytes += bytes
            Task {
                let value = await make()
                self.forget(flight, key)
                flight.land(value)
            }
            return flight
        }
        guard let flight else { return .full }
        return await flight.value(until: deadline).map(Arrival.landed) ?? .late
    }

    /// Forgets the answers that are under way, so later callers do not share them.
    package func removeAll() {
        state.withLock { $0 = State() }
    }

    private func forget(_ flight: Flight<Value>, _ key: Key) {
        state.withLock { state in
            guard let known = state.flights[key], known.flight === flight else { return }
            state.flights[key] = nil
            state.bytes -= known.bytes
        }
    }
}
