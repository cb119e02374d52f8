// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthConcurrency
internal import MCPAuthCore

/// The calls of a transformer in another process that have no answer.
final class IsolatedTransforms: Sendable {
    typealias Answer = Result<[UInt8]?, ModuleFault>

    private let open = Lock<[UInt64: Monitor<Answer?>]>([:])

    /// Where the answer will be.
    func open(_ number: UInt64) -> Monitor<Answer?> {
        let place = Monitor<Answer?>(nil)
        open.withLock { $0[number] = place }
        return place
    }

    func end(_ number: UInt64) {
        _ = open.withLock { $0.removeValue(forKey: number) }
    }

    /// Sets the first answer to a call; ignores further ones, and answers to other calls.
    func answer(_ number: UInt64, _ answer: Answer) {
        guard let place = open.withLock({ $0.removeValue(forKey: number) }) else { return }
        place.withLock { $0 = answer }
        place.signal()
    }

    func endAll(_ fault: ModuleFault) {
        for number in open.withLock({ Array($0.keys) }) { answer(number, .failure(fault)) }
    }
}

/// What the process of an instance sends, and what becomes of it.
struct IsolatedAnswers: Sendable {
    let context: ModuleContext
    let transforms: IsolatedTransforms
    let limits: ModuleLimits
    /// Requests that were sent and have no response yet.
    private let fetches = Lock(0)

    init(context: ModuleContext, transforms: IsolatedTransforms, limits: ModuleLimits) {
        self.context = context
        self.transforms = transforms
        self.limits = limits
    }

    func endAll(_ fault: ModuleFault) {
        context.calls.endAll(fault)
        transforms.endAll(fault)
    }

    /// Uses a frame; false if it is not one that such a process sends.
    func take(_ frame: ModuleFrame, from pipe: ModulePipe) -> Bool {
        switch frame.kind {
        case .verdict: verdict(frame)
        case .fault: fault(frame)
        case .transformed: transformed(frame)
        case .log: log(frame)
        case .count: count(frame)
        case .fetch: fetch(frame, pipe)
        case .load, .validate, .create, .verify, .cancel, .transform, .fetched, .loaded, .refused, .validated, .created:
            false
        }
    }

    private func verdict(_ frame: ModuleFrame) -> Bool {
        guard let number = frame.number(0), let verdict = ModuleVerdict(frame) else { return false }
        context.calls.end(UInt64(bitPattern: number), .verdict(verdict))
        return true
    }

    private func fault(_ frame: ModuleFrame) -> Bool {
        guard let number = frame.number(0), let code = frame.number(1), let value = frame.number(2),
            let fault = ModuleFault(code: code, value: value)
        else { return false }
        context.calls.end(UInt64(bitPattern: number), .fault(fault))
        transforms.answer(UInt64(bitPattern: number), .failure(fault))
        return true
    }

    private func transformed(_ frame: ModuleFrame) -> Bool {
        guard let number = frame.number(0), frame.texts.count <= 1 else { return false }
        guard frame.bytes(0)?.count ?? 0 <= ModuleHostTable.maximumClaims else { return false }
        transforms.answer(UInt64(bitPattern: number), .success(frame.bytes(0)))
        return true
    }

    private func log(_ frame: ModuleFrame) -> Bool {
        guard let level = frame.number(0), let text = frame.boundedText(0) else { return false }
        context.log(Int32(clamping: level), text)
        return true
    }

    private func count(_ frame: ModuleFrame) -> Bool {
        guard let number = frame.number(0), let name = frame.boundedText(0) else { return false }
        context.count(name, by: number)
        return true
    }

    /// Sends a request that the process asks for, and gives the response to it.
    private func fetch(_ frame: ModuleFrame, _ pipe: ModulePipe) -> Bool {
        guard let number = frame.number(0), let asked = ModuleFetches.Request(frame) else { return false }
        let most = ModuleFetches.mostAtOnce * context.calls.openCount
        let isAllowed = fetches.withLock { count in
            guard count < most else { return false }
            count += 1
            return true
        }
        guard isAllowed else {
            refuse(number, "too many fetches at once", pipe)
            return true
        }
        Task.detached {
            let answer: Result<FetchResponse, FetchError>
            do throws(FetchError) { answer = .success(try await send(asked)) } catch { answer = .failure(error) }
            fetches.withLock { $0 -= 1 }
            switch answer {
            case .success(let response):
                reply(ModuleFrame(.fetched, [number, Int64(response.status)], [response.body, []]), pipe)
            case .failure(let error): refuse(number, error.description, pipe)
            }
        }
        return true
    }

    private func send(_ asked: ModuleFetches.Request) async throws(FetchError) -> FetchResponse {
        guard let fetcher = context.fetches.fetcher else { throw FetchError("nothing sends requests here") }
        let request: FetchRequest
        do throws(ModuleFetches.Refusal) {
            request = try context.fetches.request(asked, timeLeft: limits.callSeconds)
        } catch {
            throw FetchError(error.reason)
        }
        return try await fetcher.fetch(request)
    }

    private func refuse(_ number: Int64, _ reason: String, _ pipe: ModulePipe) {
        reply(ModuleFrame(.fetched, [number, 0], [[], reason.utf8Bytes]), pipe)
    }

    /// The process waits for this without a limit, so it must receive it or end.
    private func reply(_ frame: ModuleFrame, _ pipe: ModulePipe) {
        if !pipe.send(frame) { pipe.shutDown() }
    }
}
