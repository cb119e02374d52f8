// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import CMCPAuthSystem
internal import Foundation
internal import MCPAuth
internal import MCPAuthConcurrency
internal import MCPAuthCore

/// The file to which `serve --record` appends requests: a regular file that belongs to this user and that nobody else
/// may read.
///
/// Recording stops when the file has ``mostMegabytes``, so that clients cannot fill the disk.
final class RecordFile: Sendable {
    /// The maximum size, also for `policy diff --replay`.
    static let mostMegabytes = 256

    private struct State {
        var bytes: Int
        /// Whether the last line may be cut.
        var isTorn = false
        var isFull = false
    }

    private let path: String
    private let file: FileHandle
    private let state: Lock<State>
    private let onEvent: EngineEventHandler

    /// - Throws: `ConfigurationError` when the file cannot be opened, or is not of the kind described above.
    init(_ path: String, _ onEvent: @escaping EngineEventHandler) throws(ConfigurationError) {
        // Does not wait for a pipe, and does not follow a link.
        let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK
        let descriptor = unsafe open(path, flags, 0o600)
        guard descriptor >= 0 else {
            let reason = errno == ELOOP ? "it is a symbolic link" : unsafe String(cString: strerror(errno))
            throw ConfigurationError(.unreadableFile, "cannot write requests to `\(path.printable)`: \(reason)")
        }
        file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        guard mcp_is_regular_file(descriptor) == 1 else {
            throw ConfigurationError(.unreadableFile, "`\(path.printable)` must be a regular file")
        }
        guard mcp_is_private_file(descriptor) == 1 else {
            let message = "`\(path.printable)` must belong to this user and have mode 0600: it will have personal data"
            throw ConfigurationError(.unreadableFile, message)
        }
        self.path = path
        self.onEvent = onEvent
        state = Lock(State(bytes: Int(max(0, lseek(descriptor, 0, SEEK_END)))))
    }

    /// Appends a line; after the first line that does not fit, none.
    func append(_ line: String) {
        let event: EngineEvent? = state.withLock { state in
            guard !state.isFull else { return nil }
            let text = Data(((state.isTorn ? "\n" : "") + line + "\n").utf8)
            guard state.bytes + text.count <= Self.mostMegabytes << 20 else {
                state.isFull = true
                return failed("has \(Self.mostMegabytes) MiB: no more requests are recorded")
            }
            do {
                try file.write(contentsOf: text)
                state.bytes += text.count
                state.isTorn = false
                return nil
            } catch {
                state.isTorn = true
                return failed("cannot be appended to: \(error.localizedDescription)")
            }
        }
        if let event { onEvent(event) }
    }

    private func failed(_ what: String) -> EngineEvent {
        EngineEvent(.error, .recordingFailed, "the record of requests `\(path.printable)` \(what)")
    }
}
#endif
