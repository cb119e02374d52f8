// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// The function of the system, which `ModulePipe.send` hides.
private func systemSend(_ descriptor: Int32, _ bytes: UnsafeRawPointer?, _ count: Int, _ flags: Int32) -> Int {
    unsafe send(descriptor, bytes, count, flags)
}

/// One end of the connection between this process and the process of a module.
///
/// Any thread may send. Only one may receive, by a ``ModulePipeReader``. The descriptor is closed with the last
/// reference.
final class ModulePipe: Sendable {
    let descriptor: Int32
    private let outgoing = Monitor(Outgoing())

    private struct Outgoing {
        /// What the system did not take yet.
        var pending: [UInt8] = []
        /// Whether a thread waits until it takes more.
        var isWriting = false
        var isClosed = false
    }

    #if canImport(Glibc)
    private static let sendFlags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
    #else
    /// Without a signal: `mcp_start_child` sets SO_NOSIGPIPE.
    private static let sendFlags = MSG_DONTWAIT
    #endif

    /// The maximum bytes that may wait.
    private static let mostPending = 16 * 1024 * 1024
    /// The maximum seconds for which the other side may take nothing.
    private static let mostSeconds = 10.0

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
    }

    deinit {
        close(descriptor)
    }

    /// Sends a frame without blocking; false if the connection has ended, or too much waits already.
    func send(_ frame: ModuleFrame) -> Bool {
        let bytes = frame.encoded
        guard bytes.count - 4 <= ModuleFrame.mostBytes else { return false }
        enum Step {
            case sent
            case refused
            case broken
            case writerNeeded
        }
        let step = outgoing.withLock { state -> Step in
            guard !state.isClosed, state.pending.count + bytes.count <= Self.mostPending else { return .refused }
            var taken = 0
            if state.pending.isEmpty, !state.isWriting {
                guard let count = write(bytes[...]) else {
                    state.isClosed = true
                    return .broken
                }
                taken = count
            }
            guard taken < bytes.count else { return .sent }
            state.pending += bytes[taken...]
            guard !state.isWriting else { return .sent }
            state.isWriting = true
            return .writerNeeded
        }
        switch step {
        case .sent: return true
        case .refused: return false
        case .writerNeeded:
            if OwnThread.start({ self.writePending() }) { return true }
        case .broken: break
        }
        // The reader of this side must notice, so that the process is replaced.
        shutDown()
        return false
    }

    /// Sends what waits, until nothing waits.
    private func writePending() {
        while true {
            let bytes = outgoing.withLock { state -> [UInt8] in
                defer { state.pending = [] }
                if state.pending.isEmpty { state.isWriting = false }
                return state.pending
            }
            if bytes.isEmpty { return }
            var rest = bytes[...]
            while !rest.isEmpty {
                guard isWritable(), let count = write(rest) else { return shutDown() }
                rest = rest.dropFirst(count)
            }
        }
    }

    private func isWritable() -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        let end = MonotonicTime.now.adding(Self.mostSeconds)
        while true {
            let left = MonotonicTime.now.duration(to: end)
            guard left > 0 else { return false }
            let count = unsafe poll(&entry, 1, Int32(left * 1000) + 1)
            if count < 0, errno == EINTR { continue }
            return count > 0
        }
    }

    /// Writes what the system takes now; `nil` if the connection has ended.
    private func write(_ bytes: ArraySlice<UInt8>) -> Int? {
        while true {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe systemSend(descriptor, buffer.baseAddress, buffer.count, Self.sendFlags)
            }
            if count >= 0 { return count }
            switch errno {
            case EINTR: continue
            case EAGAIN: return 0
            default: return nil
            }
        }
    }

    /// Ends the connection in both directions; waiting threads notice it.
    func shutDown() {
        outgoing.withLock { state in
            state.isClosed = true
            state.pending = []
        }
        _ = shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// Tells the other side that nothing more is sent.
    func endSending() {
        outgoing.withLock { $0.isClosed = true }
        _ = shutdown(descriptor, Int32(SHUT_WR))
    }
}

/// Receives the frames of a connection.
struct ModulePipeReader {
    private let pipe: ModulePipe
    /// What was received and not yet read, from `start`.
    private var buffer: [UInt8] = []
    private var start = 0

    init(_ pipe: ModulePipe) {
        self.pipe = pipe
    }

    /// Why there is no frame.
    enum End: Error {
        /// The other side has closed the connection.
        case closed
        case late
        /// The other side sent something that is not a frame.
        case invalid
        /// The other side sent more than it was asked for.
        case tooMany
        /// The other side refused what it was asked.
        case refused(String)
    }

    /// The next frame.
    ///
    /// - Parameter end: When waiting ends; `nil` for never.
    mutating func next(until end: MonotonicTime? = nil) throws(End) -> ModuleFrame {
        while true {
            if let frame = try buffered() { return frame }
            if let end { try wait(until: end) }
            try receive()
        }
    }

    /// The frame at the start of the buffer; `nil` if it is not complete.
    private mutating func buffered() throws(End) -> ModuleFrame? {
        guard buffer.count - start >= 4 else { return nil }
        let length = (0..<4).reduce(0) { $0 | Int(buffer[start + $1]) << (8 * $1) }
        guard length <= ModuleFrame.mostBytes else { throw .invalid }
        guard buffer.count - start - 4 >= length else { return nil }
        guard let frame = ModuleFrame(decoding: buffer[(start + 4)..<(start + 4 + length)]) else { throw .invalid }
        start += 4 + length
        if start == buffer.count {
            buffer.removeAll(keepingCapacity: buffer.count <= 1 << 16)
            start = 0
        }
        return frame
    }

    private mutating func receive() throws(End) {
        if start > 0 {
            buffer.removeFirst(start)
            start = 0
        }
        while true {
            let count = unsafe withUnsafeTemporaryAllocation(byteCount: Self.mostReceived, alignment: 1) { place in
                let count = unsafe recv(pipe.descriptor, place.baseAddress, place.count, 0)
                if count > 0 { unsafe buffer.append(contentsOf: UnsafeRawBufferPointer(rebasing: place[..<count])) }
                return count
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .closed }
            return
        }
    }

    /// The maximum bytes that are received at once.
    private static let mostReceived = 64 * 1024

    private func wait(until end: MonotonicTime) throws(End) {
        var entry = pollfd(fd: pipe.descriptor, events: Int16(POLLIN), revents: 0)
        while true {
            let left = MonotonicTime.now.duration(to: end)
            guard left > 0 else { throw .late }
            let count = unsafe poll(&entry, 1, Int32(left * 1000) + 1)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .late }
            return
        }
    }
}
