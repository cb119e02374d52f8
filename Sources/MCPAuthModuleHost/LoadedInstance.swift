// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CMCPAuthModule
internal import MCPAuthConcurrency
internal import MCPAuthCore
internal import MCPAuthJSON

/// An instance in this process: the owner of its state, and of the threads on which it runs.
// SAFETY: `state` is the module's own pointer. It is written in `init`; every use of it keeps this instance alive, so
// `destroy` comes after the last of them. Without REENTRANT, there is one thread, so uses follow each other.
@safe final class LoadedInstance: ModuleInstance, @unchecked Sendable {
    typealias FetchDone =
        @convention(c) (
            UnsafeMutableRawPointer?, UInt64, UnsafeMutableRawPointer?, UnsafePointer<mcp_auth_http_response>?
        ) -> Void

    let context: ModuleContext
    /// Whether a call may run on the thread of a request.
    private let mayRunHere: Bool
    private let functions: ModuleFunctions
    private let host: ModuleHostMemory
    private let state: UnsafeMutableRawPointer?
    private let threads: ModuleThreads
    private let limits: ModuleLimits
    private let quickness = ModuleQuickness(quick: 0.001)
    private let waiting = ModuleWaiting()
    private let onDestroyed: @Sendable () -> Void

    /// - Parameter onDestroyed: Called when the module's `destroy` has returned.
    /// - Throws: ``ConfigurationError`` with the code `moduleRefused` when `create` fails or does not return in time.
    init(
        _ functions: ModuleFunctions,
        _ configuration: ModuleConfiguration,
        context: ModuleContext,
        limits: ModuleLimits,
        onDestroyed: @escaping @Sendable () -> Void = {}
    ) throws(ConfigurationError) {
        let component = configuration.component
        self.functions = functions
        self.context = context
        self.onDestroyed = onDestroyed
        mayRunHere = limits.usesRequestThread && component.isPure && component.isReentrant
        var ownLimits = limits
        if !component.isReentrant { ownLimits.threads = 1 }
        self.limits = ownLimits
        threads = ModuleThreads(limits: ownLimits)
        let host = ModuleHostMemory(context)
        self.host = host
        let made: Made
        switch OwnThread.result(within: limits.setupSeconds, { Self.make(functions, configuration, host) }) {
        case .value(let value): made = value
        case .late: throw component.refused("`create` did not return within \(limits.setupSeconds.asWritten) seconds")
        case .noThread: throw component.refused(OwnThread.noThread)
        }
        guard made.code == 0 else {
            throw component.refused(
                context.lastError?.escaped ?? "`create` returned an error and logged no reason"
            )
        }
        unsafe state = made.state
        host.reference.set(self)
    }

    deinit {
        let made = unsafe Made(code: 0, state: state)
        let destroy: ModuleThreads.Job = { [functions, host, onDestroyed] in
            unsafe functions.destroy(made.state)
            host.reference.clear()
            onDestroyed()
        }
        // If no other thread can run it, this one does.
        if threads.run(context.calls.reserve(), isRequired: true, destroy) != nil { destroy() }
    }

    /// The result of `create`.
    // SAFETY: the pointer is the module's own; it is only handed back to the module.
    @safe private struct Made: @unchecked Sendable {
        let code: Int32
        let state: UnsafeMutableRawPointer?
    }

    private static func make(
        _ functions: ModuleFunctions,
        _ configuration: ModuleConfiguration,
        _ host: ModuleHostMemory
    ) -> Made {
        var state: UnsafeMutableRawPointer?
        let code = unsafe configuration.withText { text, length in
            unsafe functions.create(host.table, text, length, &state)
        }
        return unsafe Made(code: code, state: state)
    }

    /// The maximum seconds for which a function may run, if this process is one of its own.
    var hangSeconds: Double { limits.hangSeconds }

    /// How long the longest function that runs on the threads of the instance has been running, in seconds.
    var longestRun: Double { threads.longestRun }

    // MARK: Verifiers

    /// Asks a pure module to verify a token on this thread; `nil` if it must not run here or has not proved quick.
    func verifyInline(_ token: [UInt8], at resource: [UInt8], now: NumericDate) async -> ModuleCall.End? {
        guard mayRunHere, quickness.isProven else { return nil }
        guard let number = context.calls.openInline(now: now) else { return .fault(.tooManyCalls) }
        let start = MonotonicTime.now
        enter(number, token, resource, now)
        let taken = start.duration(to: .now)
        note(taken, deadline: limits.callSeconds)
        // Nothing ended the call at its deadline meanwhile, so a verdict that came after it must not count.
        let isLate = taken > limits.callSeconds
        let late = ModuleCall.End.fault(.noAnswerInTime(seconds: limits.callSeconds))
        switch context.calls.closeInline(number) {
        case .ended(let end): return isLate ? late : end
        case .open(let call):
            if isLate { context.calls.end(call.number, late) }
            return await waited(for: call, since: start)
        }
    }

    func verify(_ request: ModuleRequest, now: NumericDate) async -> ModuleCall.End {
        let began = MonotonicTime.now
        guard let call = begin(request, now: now) else { return .fault(.tooManyCalls) }
        return await waited(for: call, since: began)
    }

    /// Begins a call, which may have ended already; `nil` if too many are open.
    func begin(_ request: ModuleRequest, now: NumericDate) -> ModuleCall? {
        guard let call = context.calls.open(now: now) else { return nil }
        if let fault = threads.run(call.number, { [self] in timed(call, request) }) {
            context.calls.end(call.number, .fault(fault))
        }
        return call
    }

    /// Begins a call on this thread if the module may run here and has proved quick; otherwise as `begin`.
    func beginHere(_ request: ModuleRequest, now: NumericDate) -> ModuleCall? {
        guard mayRunHere, quickness.isProven else { return begin(request, now: now) }
        guard let call = context.calls.open(now: now) else { return nil }
        threads.runHere(call.number) { timed(call, request) }
        return call
    }

    private func timed(_ call: ModuleCall, _ request: ModuleRequest) {
        let start = MonotonicTime.now
        enter(call, request)
        note(start.duration(to: .now), deadline: limits.callSeconds)
        // A call without a verdict was not quick, although it has returned.
        if case .verdict = call.end {} else { quickness.reset() }
    }

    /// Notes how long a function of the module ran, in seconds.
    private func note(_ seconds: Double, deadline: Double) {
        guard mayRunHere else { return }
        guard seconds > deadline else { return quickness.note(seconds) }
        let message = "a call took \(Int(seconds * 1000)) ms; no other call runs on the thread of a request"
        if quickness.exclude() { context.log(MCP_AUTH_LOG_WARNING, message) }
    }

    private func waited(for call: ModuleCall, since began: MonotonicTime) async -> ModuleCall.End {
        let end = await waiting.end(of: call, in: context.calls, since: began)
        if end.isUnanswered { giveUp(call) }
        return end
    }

    /// Takes a call that has ended out of the queue, or tells the module that nobody waits for it.
    func giveUp(_ call: ModuleCall) {
        withdraw(call)
        guard call.isInModule, let cancel = unsafe functions.verifier?.pointee.cancel else { return }
        // Advisory: if no thread can run it, the module is not told.
        _ = threads.run(context.calls.reserve(), isRequired: true) { [self] in unsafe cancel(state, call.number) }
    }

    /// Takes a call that has ended out of the queue.
    func withdraw(_ call: ModuleCall) {
        threads.withdraw(call.number)
    }

    private static let scheme = Array("Bearer".utf8)

    /// Runs one call of a pure module on this thread, without a copy of its texts.
    private func enter(_ number: UInt64, _ token: [UInt8], _ resource: [UInt8], _ now: NumericDate) {
        guard let verify = unsafe functions.verifier?.pointee.verify else { return }
        unsafe token.withUnsafeBytes { token in
            unsafe resource.withUnsafeBytes { resource in
                unsafe Self.scheme.withUnsafeBytes { scheme in
                    var request = unsafe mcp_auth_request()
                    unsafe request.struct_size = UInt32(MemoryLayout<mcp_auth_request>.size)
                    unsafe request.resource = mcp_auth_bytes(resource)
                    unsafe request.token = mcp_auth_bytes(token)
                    unsafe request.scheme = mcp_auth_bytes(scheme)
                    unsafe request.deadline_unix_s = ModuleCalls.wholeSeconds(now.adding(limits.callSeconds))
                    unsafe request.time_left_ms = Int64(limits.callSeconds * 1000)
                    unsafe verify(state, &request, number)
                }
            }
        }
    }

    /// Runs one call on this thread.
    private func enter(_ call: ModuleCall, _ request: ModuleRequest) {
        // The call may have ended while it waited for this thread.
        guard call.enterModule(), let verify = unsafe functions.verifier?.pointee.verify else { return }
        let left = MonotonicTime.now.duration(to: call.deadline)
        unsafe request.withC(
            deadline: ModuleCalls.wholeSeconds(call.now.adding(limits.callSeconds)),
            millisecondsLeft: Int64(left * 1000)
        ) { request in
            unsafe verify(state, request, call.number)
        }
    }

    // MARK: Fetches

    func refuseFetch(_ reason: String) {
        context.log(MCP_AUTH_LOG_ERROR, reason)
    }

    /// Pointers of the module, for the end of a fetch.
    // SAFETY: they are the module's own; they are only handed back to it, once.
    @safe private struct Arrival: @unchecked Sendable {
        let userData: UnsafeMutableRawPointer?
        let done: FetchDone
    }

    /// Sends a request for an open call; false if it is not allowed.
    func fetch(
        _ asked: ModuleFetches.Request,
        for number: UInt64,
        _ userData: UnsafeMutableRawPointer?,
        _ done: @escaping FetchDone
    ) -> Bool {
        guard let call = context.calls.call(number) else { return false }
        guard let fetcher = context.fetches.fetcher else {
            refuseFetch("a fetch is not possible: nothing sends requests here")
            return false
        }
        let request: FetchRequest
        do throws(ModuleFetches.Refusal) {
            let left = MonotonicTime.now.duration(to: call.deadline)
            request = try context.fetches.request(asked, timeLeft: max(0.001, left))
        } catch {
            refuseFetch(error.reason)
            return false
        }
        guard call.beginFetch(atMost: ModuleFetches.mostAtOnce) else {
            refuseFetch("a call has more than \(ModuleFetches.mostAtOnce) fetches at once")
            return false
        }
        let arrival = unsafe Arrival(userData: userData, done: done)
        Task.detached { [self] in
            let answer: Result<FetchResponse, FetchError>
            do throws(FetchError) { answer = .success(try await fetcher.fetch(request)) } catch {
                answer = .failure(error)
            }
            call.endFetch()
            let deliver: ModuleThreads.Job = { [self] in self.deliver(answer, of: number, to: arrival) }
            // `done` must be called, even if no thread of the pool can.
            if threads.run(context.calls.reserve(), isRequired: true, deliver) != nil { deliver() }
        }
        return true
    }

    private func deliver(_ answer: Result<FetchResponse, FetchError>, of number: UInt64, to arrival: Arrival) {
        var status: Int32 = 0
        var body: [UInt8] = []
        var reason: [UInt8] = []
        switch answer {
        case .success(let response): (status, body) = (Int32(clamping: response.status), response.body)
        case .failure(let error): reason = Array(error.description.utf8)
        }
        unsafe body.withUnsafeBytes { body in
            unsafe reason.withUnsafeBytes { reason in
                var response = unsafe mcp_auth_http_response(
                    struct_size: UInt32(MemoryLayout<mcp_auth_http_response>.size),
                    status: status,
                    body: mcp_auth_bytes(body),
                    error: mcp_auth_bytes(reason)
                )
                unsafe arrival.done(state, number, arrival.userData, &response)
            }
        }
    }

    // MARK: Transformers

    /// Transforms claims; `nil` if the module refuses them.
    ///
    /// Unless it may run here and is known to be quick, it runs on a thread of its own, and this one waits a bounded time.
    func transform(_ claims: [UInt8], of issuer: String) throws(ModuleFault) -> [UInt8]? {
        if mayRunHere, quickness.isProven { return try timed(claims, issuer) }
        // Waiting for a thread would only hold this one.
        if threads.areStuck(after: limits.transformSeconds) { throw .tooManyCalls }
        let place = Monitor<Result<[UInt8]?, ModuleFault>?>(nil)
        let transformation: Transformation = { [self] () throws(ModuleFault) in try timed(claims, issuer) }
        let number = start(transformation) { result in
            place.withLock { $0 = result }
            place.signal()
        }
        guard let result = place.wait(atMost: limits.transformSeconds, for: { $0 }) else {
            threads.withdraw(number)
            quickness.reset()
            throw .noAnswerInTime(seconds: limits.transformSeconds)
        }
        return try result.get()
    }

    /// Transforms claims on a thread of the instance, and passes the result to `done`.
    func transform(
        _ claims: [UInt8],
        of issuer: String,
        _ done: @escaping @Sendable (Result<[UInt8]?, ModuleFault>) -> Void
    ) {
        _ = start({ [self] () throws(ModuleFault) in try run(claims, issuer) }, done)
    }

    private typealias Transformation = @Sendable () throws(ModuleFault) -> [UInt8]?

    /// Starts a transformation on a thread of the instance; returns its number there.
    private func start(
        _ transformation: @escaping Transformation,
        _ done: @escaping @Sendable (Result<[UInt8]?, ModuleFault>) -> Void
    ) -> UInt64 {
        let number = context.calls.reserve()
        let fault = threads.run(number) {
            do throws(ModuleFault) { done(.success(try transformation())) } catch { done(.failure(error)) }
        }
        if let fault { done(.failure(fault)) }
        return number
    }

    private func timed(_ claims: [UInt8], _ issuer: String) throws(ModuleFault) -> [UInt8]? {
        let start = MonotonicTime.now
        defer { note(start.duration(to: .now), deadline: limits.transformSeconds) }
        return try run(claims, issuer)
    }

    /// What `give` received.
    private struct Given {
        var count = 0
        var claims: [UInt8]?
    }

    private func run(_ claims: [UInt8], _ issuer: String) throws(ModuleFault) -> [UInt8]? {
        guard let transform = unsafe functions.transformer?.pointee.transform else { return nil }
        var given = Given()
        var texts = JoinedBytes()
        texts.append(issuer.utf8)
        texts.append(claims)
        let code = unsafe texts.withParts { part in
            var input = unsafe mcp_auth_claims(
                struct_size: UInt32(MemoryLayout<mcp_auth_claims>.size),
                reserved: 0,
                issuer: mcp_auth_bytes(part(0)),
                claims_json: mcp_auth_bytes(part(1))
            )
            return unsafe withUnsafeMutablePointer(to: &given) { place in
                unsafe transform(state, &input, place) { place, claims in
                    guard let given = unsafe place?.assumingMemoryBound(to: Given.self) else { return }
                    unsafe given.pointee.count += 1
                    unsafe given.pointee.claims = claims.copied(atMost: ModuleHostTable.maximumClaims)
                }
            }
        }
        guard code == 0 else { return nil }
        guard given.count == 1 else { throw .givenClaims(given.count) }
        guard let claims = given.claims else { throw .longTransformedClaims }
        return claims
    }
}
