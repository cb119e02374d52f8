// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CMCPAuthModule
internal import CMCPAuthSystem
internal import HTTPTypes
internal import MCPAuthConcurrency
internal import MCPAuthCore

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// The whole of a process that runs an instance of a module for another process.
///
/// It ends with the connection, after the `destroy` of the module, for which it waits a bounded time.
package final class ModuleServer: Sendable {
    private let pipe: ModulePipe
    private let digest: @Sendable ([UInt8]) -> String
    private let fetcher: PipeFetcher
    /// The open calls, by their numbers in the other process.
    private let calls = Lock<[UInt64: ModuleCall]>([:])
    private let isDestroyed = Monitor(false)

    private static let destroySeconds = 4.0

    private init(_ descriptor: Int32, digest: @escaping @Sendable ([UInt8]) -> String) {
        pipe = ModulePipe(descriptor)
        self.digest = digest
        fetcher = PipeFetcher(pipe)
    }

    /// Serves the connection that `ModuleChild` passes, and ends the process with it.
    ///
    /// - Parameter digest: Computes the SHA-256 of bytes, in lower-case hexadecimal.
    package static func run(digest: @escaping @Sendable ([UInt8]) -> String) -> Never {
        let descriptor: Int32 = 3
        // A program that the module starts has no use for the connection.
        guard mcp_close_on_exec(descriptor) == 0 else { _exit(64) }
        let server = ModuleServer(descriptor, digest: digest)
        server.serve()
        _exit(0)
    }

    /// Answers frames until the connection ends.
    ///
    /// Nothing here prints a secret or claim. A frame that only this process sends ends it; one that cannot be read is
    /// ignored.
    private func serve() {
        var reader = ModulePipeReader(pipe)
        var library: ModuleLibrary?
        var instance: LoadedInstance?
        while let frame = try? reader.next() {
            switch frame.kind {
            case .load:
                do throws(ConfigurationError) {
                    let loaded = try load(frame)
                    library = loaded
                    _ = pipe.send(ModuleDescription(loaded).frame)
                } catch {
                    refuse(error)
                }
            case .validate: validate(frame, library)
            case .create:
                do throws(ConfigurationError) {
                    let created = try create(frame, library)
                    instance = created
                    watch(created)
                    _ = pipe.send(ModuleFrame(.created))
                } catch {
                    refuse(error)
                }
            case .verify: verify(frame, instance)
            case .cancel: cancel(frame, instance)
            case .transform: transform(frame, instance)
            case .fetched: fetcher.take(frame)
            case .loaded, .refused, .validated, .created, .verdict, .fault, .transformed, .log, .count, .fetch: return
            }
        }
        guard instance != nil else { return }
        instance = nil
        _ = isDestroyed.wait(atMost: Self.destroySeconds) { $0 ? true : nil }
    }

    private func refuse(_ error: ConfigurationError) {
        _ = pipe.send(ModuleFrame(.refused, [], [error.message.utf8Bytes]))
    }

    private static let notAsked = ConfigurationError(.moduleRefused, "the process was not asked as it should be")

    // MARK: Setup

    private func load(_ frame: ModuleFrame) throws(ConfigurationError) -> ModuleLibrary {
        guard frame.number(0) == ModuleFrame.version else {
            let message =
                "`\(ModuleProgram.name)` has another version than the program that started it; restart that program"
            throw ConfigurationError(.moduleRefused, message)
        }
        guard let path = frame.text(0) else { throw Self.notAsked }
        return try ModuleLibrary(path: path, expectedSHA256: frame.text(1), digest: digest)
    }

    private func validate(_ frame: ModuleFrame, _ library: ModuleLibrary?) {
        guard let library, let kind = frame.text(0).flatMap(ModuleComponent.Kind.init), let name = frame.text(1),
            let text = frame.bytes(2), let component = try? library.component(kind, named: name),
            case .thisProcess(let functions) = component.home,
            let configuration = ModuleConfiguration(checked: text, of: component), let seconds = frame.number(0)
        else { return refuse(Self.notAsked) }
        let first: ModuleConfiguration.Report.Entry?
        do throws(ConfigurationError) {
            first = try configuration.firstEntry(of: functions, within: Double(seconds) / 1000)
        } catch {
            return refuse(error)
        }
        let texts = first.map { [$0.pointer.utf8Bytes, $0.message.utf8Bytes] } ?? []
        _ = pipe.send(ModuleFrame(.validated, [], texts))
    }

    private func create(_ frame: ModuleFrame, _ library: ModuleLibrary?) throws(ConfigurationError) -> LoadedInstance {
        guard let library, let creation = ModuleCreation(frame) else { throw Self.notAsked }
        let component = try library.component(creation.kind, named: creation.name)
        guard case .thisProcess(let functions) = component.home,
            let configuration = ModuleConfiguration(checked: creation.text, of: component)
        else { throw Self.notAsked }
        let context = ModuleContext(
            strings: configuration.strings,
            hosts: creation.hosts,
            limits: creation.limits,
            secrets: creation.secrets,
            output: PipeOutput(pipe: pipe)
        )
        context.fetches.use(fetcher)
        var limits = creation.limits
        // Here that is the thread that receives the calls. If it is held, this process is ended.
        limits.usesRequestThread = true
        return try LoadedInstance(functions, configuration, context: context, limits: limits) {
            self.isDestroyed.withLock { $0 = true }
            self.isDestroyed.signal()
        }
    }

    /// Ends this process when a function of the module does not return: the other process then starts another one.
    private func watch(_ instance: LoadedInstance) {
        let most = instance.hangSeconds
        _ = OwnThread.start { [weak instance] in
            while true {
                MonotonicTime.now.adding(min(1, most / 4)).sleep()
                guard let longest = instance?.longestRun else { return }
                guard longest > most else { continue }
                let text = "a function has not returned for \(Int(longest)) seconds; its process ends"
                _ = self.pipe.send(ModuleFrame(.log, [Int64(MCP_AUTH_LOG_ERROR)], [text.utf8Bytes]))
                _exit(75)
            }
        }
    }

    // MARK: Calls

    private func verify(_ frame: ModuleFrame, _ instance: LoadedInstance?) {
        guard let instance, let number = frame.number(0).map(UInt64.init(bitPattern:)), let time = frame.number(1),
            let request = ModuleRequest(texts: frame.texts)
        else { return }
        let now = NumericDate(Double(bitPattern: UInt64(bitPattern: time)))
        guard let call = instance.beginHere(request, now: now) else { return answer(number, .fault(.tooManyCalls)) }
        calls.withLock { $0[number] = call }
        call.whenEnded { [self] end in
            // First, so that a call that is no longer listed has left the queue.
            if end.isUnanswered { instance.giveUp(call) }
            _ = calls.withLock { $0.removeValue(forKey: number) }
            answer(number, end)
        }
    }

    private func answer(_ number: UInt64, _ end: ModuleCall.End) {
        switch end {
        case .verdict(let verdict): _ = pipe.send(verdict.frame(number))
        case .fault(let fault): answer(number, fault)
        case .abandoned: break
        }
    }

    private func answer(_ number: UInt64, _ fault: ModuleFault) {
        guard let (code, value) = fault.wire else { return }
        _ = pipe.send(ModuleFrame(.fault, [Int64(bitPattern: number), code, value]))
    }

    private func cancel(_ frame: ModuleFrame, _ instance: LoadedInstance?) {
        guard let number = frame.number(0).map(UInt64.init(bitPattern:)) else { return }
        if let call = calls.withLock({ $0[number] }) {
            instance?.context.calls.end(call.number, .abandoned)
            // It may have ended at its deadline on another thread just now. The next call must find its place free.
            instance?.withdraw(call)
        }
        // Nobody waits for this answer: it shows that this process still works.
        answer(number, .noAnswerInTime(seconds: 0))
    }

    private func transform(_ frame: ModuleFrame, _ instance: LoadedInstance?) {
        guard let instance, let number = frame.number(0).map(UInt64.init(bitPattern:)), let issuer = frame.text(0),
            let claims = frame.bytes(1)
        else { return }
        instance.transform(claims, of: issuer) { [self] result in
            switch result {
            case .success(let claims):
                let texts = claims.map { [$0] } ?? []
                _ = pipe.send(ModuleFrame(.transformed, [Int64(bitPattern: number)], texts))
            case .failure(let fault): answer(number, fault)
            }
        }
    }
}

/// Sends what a module logs and counts to the other process.
private struct PipeOutput: ModuleOutput {
    let pipe: ModulePipe

    func log(_ level: Int32, _ text: String) {
        _ = pipe.send(ModuleFrame(.log, [Int64(level)], [text.utf8Bytes]))
    }

    func count(_ counter: String, by number: Int64) {
        _ = pipe.send(ModuleFrame(.count, [number], [counter.utf8Bytes]))
    }
}

/// Has requests sent by the other process, by whose rules they go.
private final class PipeFetcher: HTTPFetcher {
    private typealias Waiting = CheckedContinuation<Result<FetchResponse, FetchError>, Never>

    private struct State {
        var next: Int64 = 1
        var waiting: [Int64: Waiting] = [:]
    }

    private let pipe: ModulePipe
    private let state = Lock(State())

    init(_ pipe: ModulePipe) {
        self.pipe = pipe
    }

    /// The other process always answers, or this one ends with it.
    func fetch(_ request: FetchRequest) async throws(FetchError) -> FetchResponse {
        let result = await withCheckedContinuation { (waiting: Waiting) in
            let number = state.withLock { state in
                defer { state.next += 1 }
                state.waiting[state.next] = waiting
                return state.next
            }
            if !pipe.send(ModuleFetches.Request(request).frame(number)) {
                end(number, .failure(FetchError("the connection has ended")))
            }
        }
        return try result.get()
    }

    func take(_ frame: ModuleFrame) {
        guard let number = frame.number(0), let status = frame.number(1), let body = frame.bytes(0),
            let reason = frame.text(1)
        else { return }
        end(
            number,
            status > 0
                ? .success(FetchResponse(status: Int(status), body: body)) : .failure(FetchError(reason))
        )
    }

    private func end(_ number: Int64, _ result: Result<FetchResponse, FetchError>) {
        state.withLock { $0.waiting.removeValue(forKey: number) }?.resume(returning: result)
    }
}

extension ModuleFetches.Request {
    /// What a module would ask for to have this request sent.
    fileprivate init(_ request: FetchRequest) {
        var fields = request.fields.map { (name: $0.name.rawName, value: $0.value) }
        fields.append((name: "accept", value: request.accept))
        if let authorization = request.authorization { fields.append((name: "authorization", value: authorization)) }
        self.init(
            url: request.url.description,
            method: request.form == nil ? "GET" : "POST",
            body: request.form ?? [],
            fields: fields,
            milliseconds: max(1, Int64(request.timeout * 1000)),
            maximumBytes: Int64(request.maximumBytes)
        )
    }
}
