// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthConcurrency
internal import MCPAuthCore

/// An instance in a process of its own: whatever that process does, a call ends at its deadline at the latest.
///
/// What the process sends is as little trusted as what a module in this process passes: verdicts are checked in the same
/// way, and requests that it asks for are sent by the same rules.
final class IsolatedInstance: ModuleInstance {
    let context: ModuleContext
    private let process: ModuleProcess
    private let limits: ModuleLimits
    private let transforms = IsolatedTransforms()
    private let waiting = ModuleWaiting()

    /// - Throws: ``ConfigurationError`` with the code `moduleRefused` when `create` fails or does not return in time.
    init(
        _ program: ModuleProgram,
        _ configuration: ModuleConfiguration,
        context: ModuleContext,
        events: ModuleEvents,
        limits: ModuleLimits
    ) throws(ConfigurationError) {
        self.context = context
        self.limits = limits
        let create = configuration.createFrame(context, limits)
        guard create.encoded.count <= ModuleFrame.mostBytes else {
            throw configuration.component.refused("`config` and secrets have more than \(ModuleFrame.mostBytes) bytes")
        }
        let answers = IsolatedAnswers(context: context, transforms: transforms, limits: limits)
        process = ModuleProcess(
            program,
            create: create,
            limits: limits,
            events: events,
            onEnd: { answers.endAll(.processEnded) },
            receive: { answers.take($0, from: $1) }
        )
        if let refusal = process.start() { throw refusal.error(or: configuration.component.refused) }
    }

    deinit {
        process.stop()
    }

    /// Never: a call would block this thread.
    func verifyInline(_ token: [UInt8], at resource: [UInt8], now: NumericDate) async -> ModuleCall.End? { nil }

    func verify(_ request: ModuleRequest, now: NumericDate) async -> ModuleCall.End {
        guard let call = context.calls.open(now: now) else { return .fault(.tooManyCalls) }
        let began = MonotonicTime.now
        if !process.send(request.frame(call.number, now)) { context.calls.end(call.number, .fault(.noProcess)) }
        let end = await waiting.end(of: call, in: context.calls, since: began)
        if end.isUnanswered { _ = process.send(ModuleFrame(.cancel, [Int64(bitPattern: call.number)])) }
        return end
    }

    /// Blocks this thread for at most a second, as a transformer in this process may until it proved quick.
    ///
    /// After a transformer that took too long, its process is ended: it must not block.
    func transform(_ claims: [UInt8], of issuer: String) throws(ModuleFault) -> [UInt8]? {
        let number = context.calls.reserve()
        let place = transforms.open(number)
        defer { transforms.end(number) }
        let frame = ModuleFrame(.transform, [Int64(bitPattern: number)], [issuer.utf8Bytes, claims])
        guard process.send(frame) else { throw .noProcess }
        guard let answer = place.wait(atMost: limits.transformSeconds, for: { $0 }) else {
            process.restart()
            throw .noAnswerInTime(seconds: limits.transformSeconds)
        }
        return try answer.get()
    }
}
