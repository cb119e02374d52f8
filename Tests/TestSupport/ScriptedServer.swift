// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import MCPAuthConcurrency

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// A TCP server on this machine that answers each request with a script, which need not be valid HTTP.
package final class ScriptedServer: Sendable {
    /// What a client sent.
    package struct Request: Sendable {
        package let path: String
        package let fields: [String: String]
        package let body: String
    }

    /// One step of an answer.
    ///
    /// After the last step the connection reads the next request.
    package enum Act: Sendable {
        case send([UInt8])
        /// Sends a byte repeatedly until the client disconnects.
        case drip(UInt8, everyMilliseconds: Int)
        /// Sends bytes as fast as the client reads them, until it disconnects.
        case flood([UInt8])
        /// Does nothing until the client disconnects.
        case stall
        case close
        /// Closes the connection with a TCP reset.
        case reset

        package static func send(_ text: String) -> Act { .send(Array(text.utf8)) }
    }

    package typealias Script = @Sendable (Request) -> [Act]

    private struct State {
        var script: Script
        var isStopped = false
        var accepted = 0
        var open = 0
        var requests: [Request] = []
    }

    package let port: Int
    private let listener: CInt
    private let state: Lock<State>

    package init(_ script: @escaping Script) throws {
        state = Lock(State(script: script))
        listener = socket(AF_INET, Self.streamType, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(listener, address, length) == 0 && listen(listener, 1024) == 0
                    && getsockname(listener, address, &length) == 0
            }
        }
        guard isListening else { throw POSIXError(.EADDRINUSE) }
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread { self.accept() }
    }

    /// The origin of the server, `http://127.0.0.1:PORT`.
    package var origin: String { "http://127.0.0.1:\(port)" }

    /// Replaces the script, from the next request on.
    package func play(_ script: @escaping Script) {
        state.withLock { $0.script = script }
    }

    /// Stops the server and closes its connections.
    package func stop() {
        state.withLock { $0.isStopped = true }
        shutdown(listener, CInt(SHUT_RDWR))
    }

    /// The number of connections accepted so far.
    package var accepted: Int { state.withLock { $0.accepted } }
    /// The number of open connections.
    package var open: Int { state.withLock { $0.open } }
    /// All requests in the order of arrival.
    package var requests: [Request] { state.withLock { $0.requests } }

    /// A complete and valid answer.
    package static func answer(
        _ body: [UInt8],
        status: Int = 200,
        fields: [(String, String)] = [("content-type", "application/json")]
    ) -> [Act] {
        let lines = (["HTTP/1.1 \(status) x", "content-length: \(body.count)"] + fields.map { "\($0): \($1)" })
        return [.send(Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body)]
    }

    private static var streamType: CInt {
        #if canImport(Glibc)
        CInt(SOCK_STREAM.rawValue)
        #else
        SOCK_STREAM
        #endif
    }

    private func accept() {
        while true {
            #if canImport(Glibc)
            let connection = Glibc.accept(listener, nil, nil)
            #else
            let connection = Darwin.accept(listener, nil, nil)
            #endif
            guard connection >= 0, !state.withLock({ $0.isStopped }) else { break }
            state.withLock { state in
                state.accepted += 1
                state.open += 1
            }
            Thread.detachNewThread {
                self.serve(connection)
                close(connection)
                self.state.withLock { $0.open -= 1 }
            }
        }
        close(listener)
    }

    private func serve(_ connection: CInt) {
        while let request = read(connection) {
            let script = state.withLock { state in
                state.requests.append(request)
                return state.script
            }
            for act in script(request) where !perform(act, connection) { return }
        }
    }

    /// Performs a step; returns whether the connection stays open.
    private func perform(_ act: Act, _ connection: CInt) -> Bool {
        switch act {
        case .send(let bytes): return write(bytes, connection)
        case .drip(let byte, let milliseconds):
            while write([byte], connection), isQuiet(connection, milliseconds) {}
            return false
        case .flood(let bytes):
            while write(bytes, connection), isQuiet(connection, 0) {}
            return false
        case .stall:
            while isQuiet(connection, 50) {}
            return false
        case .close: return false
        case .reset:
            var option = linger(l_onoff: 1, l_linger: 0)
            setsockopt(connection, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
            return false
        }
    }

    /// Waits; returns whether the client sent nothing and is connected, and the server is not stopped.
    private func isQuiet(_ connection: CInt, _ milliseconds: Int) -> Bool {
        var poll = pollfd(fd: connection, events: Int16(POLLIN), revents: 0)
        #if canImport(Glibc)
        let events = Glibc.poll(&poll, 1, CInt(milliseconds))
        #else
        let events = Darwin.poll(&poll, 1, CInt(milliseconds))
        #endif
        return events == 0 && !state.withLock { $0.isStopped }
    }

    private func write(_ bytes: [UInt8], _ connection: CInt) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Self.noSignal) }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    private static var noSignal: CInt {
        #if canImport(Glibc)
        CInt(MSG_NOSIGNAL)
        #else
        0
        #endif
    }

    /// The next request; `nil` when the client disconnects or the server stops.
    private func read(_ connection: CInt) -> Request? {
        var bytes: [UInt8] = []
        var head: [String] = []
        var bodyStart = 0
        var length = 0
        while head.isEmpty || bytes.count < bodyStart + length {
            while isQuiet(connection, 50) {}
            guard !state.withLock({ $0.isStopped }) else { return nil }
            var buffer = [UInt8](repeating: 0, count: 65_536)
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            bytes += buffer[..<count]
            guard head.isEmpty, let end = Self.endOfHead(bytes) else { continue }
            bodyStart = end
            head = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n").map(String.init)
            length = Self.fields(head)["content-length"].flatMap { Int($0) } ?? 0
        }
        let target = head[0].split(separator: " ").dropFirst().first.map(String.init) ?? ""
        let body = String(decoding: bytes[bodyStart..<(bodyStart + length)], as: UTF8.self)
        return Request(path: target, fields: Self.fields(head), body: body)
    }

    private static func endOfHead(_ bytes: [UInt8]) -> Int? {
        guard bytes.count >= 4 else { return nil }
        return (0...(bytes.count - 4)).first { Array(bytes[$0..<($0 + 4)]) == [13, 10, 13, 10] }.map { $0 + 4 }
    }

    private static func fields(_ head: [String]) -> [String: String] {
        let pairs = head.dropFirst().compactMap { line -> (String, String)? in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            return (line[..<colon].lowercased(), String(value))
        }
        return Dictionary(pairs) { first, _ in first }
    }
}
