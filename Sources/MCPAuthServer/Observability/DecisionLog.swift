// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
internal import CMCPAuthSystem
internal import CoreMetrics
internal import Foundation
package import MCPAuth
internal import MCPAuthConcurrency
package import MCPAuthCore
internal import MCPAuthJSON
internal import NIOPosix
internal import ServiceLifecycle

/// Writes each decision as one line of JSON to a file, or to standard output.
///
/// Requests do not wait for it: it has a queue of at most ``DecisionLogSettings/queue`` decisions. When that is half
/// full, it takes no more allowed ones, so that refused ones find room; what it does not take is counted.
/// `allowed_fraction` never leaves out a refused request. Of refusals of unknown callers at most ``mostUnknown`` are
/// written in a second; the others are counted. The file is opened again
/// when another one has its name, as after a rotation.
package final class DecisionLog: Service {
    private struct State {
        var waiting: [DecisionRecord] = []
        var wake = Flight<Void>()
        /// Each allowed decision adds `allowedFraction`; one that reaches 1 is written, and takes 1 away.
        var share = 0.0
        var isFailing = false
        /// The second of the last refusals of unknown callers, and how many it had.
        var second = 0
        var refusedUnknown = 0
    }

    private let settings: DecisionLogSettings
    private let onEvent: EngineEventHandler
    private let state = Lock(State())
    private let file: Lock<LogFile>
    private let droppedAllowed = Counter(label: MetricName.logDropped.rawValue, dimensions: [("decision", "allow")])
    private let droppedRefused = Counter(label: MetricName.logDropped.rawValue, dimensions: [("decision", "deny")])

    /// How many refusals of unknown callers are written in a second: anybody can cause them, and so fill the disk.
    package static let mostUnknown = 1000
    /// How long a decision waits in the queue, in seconds.
    private static let longestWait = 0.2

    /// - Throws: `ConfigurationError` when the file cannot be opened.
    package init(_ settings: DecisionLogSettings, onEvent: @escaping EngineEventHandler) throws {
        self.settings = settings
        self.onEvent = onEvent
        file = Lock(try LogFile(settings.file))
    }

    /// The number of decisions in the queue.
    package var waiting: Int { state.withLock { $0.waiting.count } }

    package func take(_ record: DecisionRecord) {
        let isAllowed = record.denial == nil
        let most = isAllowed ? settings.queue / 2 : settings.queue
        let (isTaken, wake): (Bool, Flight<Void>?) = state.withLock { state in
            if isAllowed {
                state.share += settings.allowedFraction
                guard state.share >= 1 else { return (true, nil) }
                state.share -= 1
            } else if record.caller == nil {
                let second = Int(record.time.secondsSinceEpoch)
                if second != state.second { (state.second, state.refusedUnknown) = (second, 0) }
                state.refusedUnknown += 1
                guard state.refusedUnknown <= Self.mostUnknown else { return (false, nil) }
            }
            guard state.waiting.count < most else { return (false, nil) }
            state.waiting.append(record)
            return (true, state.waiting.count == settings.queue / 4 + 1 ? state.wake : nil)
        }
        wake?.land(())
        if !isTaken { (isAllowed ? droppedAllowed : droppedRefused).increment() }
    }

    /// Writes until the graceful shutdown, and then what is left.
    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let wake = self.state.withLock { $0.wake }
                _ = await wake.value(until: Deadline(in: Self.longestWait))
                await self.write()
            }
        }
        await write()
    }

    private func write() async {
        let records = state.withLock { state in
            let records = state.waiting
            state.waiting = []
            state.wake = Flight()
            return records
        }
        guard !records.isEmpty else { return }
        // A task of its own, because these records must be written also when the server ends now.
        let failure = await Task { [file] in await Self.write(records, to: file) }.value
        report(failure, records)
    }

    /// Writes on a thread of its own, because a disk may block; returns why that failed.
    private static func write(_ records: [DecisionRecord], to file: Lock<LogFile>) async -> String? {
        do {
            return try await NIOThreadPool.singleton.runIfActive {
                var text: [UInt8] = []
                for record in records {
                    text += record.json.encoded()
                    text.append(UInt8(ascii: "\n"))
                }
                return file.withLock { $0.append(text) }
            }
        } catch {
            return "\(error)"
        }
    }

    private func report(_ failure: String?, _ records: [DecisionRecord]) {
        let wasFailing = state.withLock { state in
            defer { state.isFailing = failure != nil }
            return state.isFailing
        }
        guard let failure else { return }
        let refused = records.count { $0.denial != nil }
        droppedRefused.increment(by: refused)
        droppedAllowed.increment(by: records.count - refused)
        guard !wasFailing else { return }
        let message = "the decision log `\(settings.file.printable)` cannot be written: \(failure)"
        onEvent(EngineEvent(.error, .recordingFailed, message))
    }
}

/// An open file that lines are appended to.
private struct LogFile {
    private let path: String
    private var descriptor: FileHandle
    /// Whether the last line may be cut.
    private var isTorn = false

    init(_ path: String) throws(ConfigurationError) {
        self.path = path
        descriptor = path == DecisionLogSettings.standardOutput ? .standardOutput : try Self.open(path)
    }

    private static func open(_ path: String) throws(ConfigurationError) -> FileHandle {
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
        let number = unsafe Foundation.open(path, flags, 0o640)
        guard number >= 0 else {
            let reason = errno == ELOOP ? "it is a symbolic link" : unsafe String(cString: strerror(errno))
            let message = "cannot write decisions to `\(path.printable)`: \(reason)"
            throw ConfigurationError(.unreadableFile, message)
        }
        let file = FileHandle(fileDescriptor: number, closeOnDealloc: true)
        guard mcp_is_regular_file(number) == 1 else {
            throw ConfigurationError(.unreadableFile, "`\(path.printable)` must be a regular file, or `-`")
        }
        return file
    }

    /// Appends whole lines; returns why that failed.
    mutating func append(_ lines: [UInt8]) -> String? {
        do {
            if path != DecisionLogSettings.standardOutput, unsafe mcp_is_file_at(descriptor.fileDescriptor, path) == 0 {
                descriptor = try Self.open(path)
            }
            try descriptor.write(contentsOf: Data((isTorn ? [UInt8(ascii: "\n")] : []) + lines))
            isTorn = false
            return nil
        } catch let error as ConfigurationError {
            return error.message
        } catch {
            isTorn = true
            return error.localizedDescription
        }
    }
}
#endif
