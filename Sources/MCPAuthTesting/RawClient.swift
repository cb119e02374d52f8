// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import Foundation

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Sends raw bytes and reads the responses; it also sends requests that an ordinary HTTP client refuses to send.
package enum RawClient {
    package struct Answer: Sendable {
        package let status: Int
        /// Lower-cased names, in the order of the text.
        package let fields: [(name: String, value: String)]
        package let body: [UInt8]
        /// Whether the body is complete.
        package let isWhole: Bool

        package subscript(_ name: String) -> String? {
            let values = fields.filter { $0.name == name }.map(\.value)
            return values.isEmpty ? nil : values.joined(separator: ", ")
        }

        package var text: String { String(decoding: body, as: UTF8.self) }
    }

    package struct Failure: Error {
        package let description: String

        package init(description: String) {
            self.description = description
        }
    }

    /// Sends requests over one connection, each after the response to the previous one.
    ///
    /// There are fewer responses than requests when the server closes the connection.
    ///
    /// - Parameters:
    ///   - seconds: How long to wait for each response.
    ///   - pieceBytes: Sends the first request in pieces of this many bytes, with a pause after each.
    package static func exchange(
        _ requests: [[UInt8]],
        port: Int,
        isHead: Bool = false,
        seconds: Double = 60,
        pieceBytes: Int? = nil
    ) async throws -> [Answer] {
        try await withCheckedThrowingContinuation { continuation in
            // Blocking calls must not use a thread of the pool that the servers run on.
            Thread.detachNewThread {
                continuation.resume(
                    with: Result {
                        try blockingExchange(
                            requests,
                            port: port,
                            isHead: isHead,
                            seconds: seconds,
                            pieceBytes: pieceBytes
                        )
                    }
                )
            }
        }
    }

    private static func blockingExchange(
        _ requests: [[UInt8]],
        port: Int,
        isHead: Bool,
        seconds: Double,
        pieceBytes: Int?
    ) throws -> [Answer] {
        let socket = try connected(port)
        defer { close(socket) }
        var answers: [Answer] = []
        var received: [UInt8] = []
        for (index, request) in requests.enumerated() {
            let isFirst = index == 0
            let found = try answer(
                to: request,
                over: socket,
                &received,
                isHead: isHead && isFirst,
                seconds: seconds,
                pieceBytes: isFirst ? pieceBytes : nil
            )
            guard let found else { break }
            answers.append(found)
            if !found.isWhole { break }
        }
        return answers
    }

    /// Sends one request again and again, and reads no response, until the server closes the connection or everything is
    /// sent.
    ///
    /// - Parameter seconds: How long the server may take nothing.
    /// - Returns: The bytes that were sent, and whether the server closed the connection.
    package static func sendWithoutReading(
        _ request: [UInt8],
        mostBytes: Int,
        port: Int,
        seconds: Double
    ) async throws -> (bytes: Int, isClosed: Bool) {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(
                    with: Result {
                        try blockingSend(request, mostBytes: mostBytes, port: port, seconds: seconds)
                    }
                )
            }
        }
    }

    private static func blockingSend(
        _ request: [UInt8],
        mostBytes: Int,
        port: Int,
        seconds: Double
    ) throws -> (bytes: Int, isClosed: Bool) {
        let socket = try connected(port, receiveBytes: 4096)
        defer { close(socket) }
        var bytes = 0
        var deadline = Date.now.addingTimeInterval(seconds)
        while bytes < mostBytes, Date.now < deadline {
            var descriptor = pollfd(fd: socket, events: Int16(POLLOUT), revents: 0)
            unsafe poll(&descriptor, 1, 100)
            guard descriptor.revents != 0 else { continue }
            let count = unsafe request[(bytes % request.count)...].withUnsafeBytes {
                unsafe send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                bytes += count
                deadline = Date.now.addingTimeInterval(seconds)
            } else if errno != EAGAIN {
                return (bytes, true)
            }
        }
        return (bytes, false)
    }

    /// - Parameter receiveBytes: The size of the memory for what the server sends; `nil` for that of the system.
    private static func connected(_ port: Int, receiveBytes: Int32? = nil) throws -> Int32 {
        #if canImport(Glibc)
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
        let socket = Darwin.socket(AF_INET, SOCK_STREAM, 0)
        #endif
        if var size = receiveBytes {
            unsafe setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            close(socket)
            throw Failure(description: "cannot connect to port \(port)")
        }
        _ = fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) | O_NONBLOCK)
        return socket
    }

    /// The response; `nil` when the connection ended without one.
    ///
    /// Reads while it writes, because a response may arrive before everything was sent.
    private static func answer(
        to request: [UInt8],
        over socket: Int32,
        _ received: inout [UInt8],
        isHead: Bool,
        seconds: Double,
        pieceBytes: Int?
    ) throws -> Answer? {
        var sent = 0
        var isOver = false
        let deadline = Date.now.addingTimeInterval(seconds)
        while Date.now < deadline {
            // A request in pieces is sent to its end, so that the next one is not read as a part of it.
            let mayAnswer = pieceBytes == nil || isOver || sent == request.count
            if mayAnswer, let answer = parsed(&received, isOver: isOver, isHead: isHead) { return answer }
            if isOver { return nil }
            var descriptor = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            if sent < request.count { descriptor.events |= Int16(POLLOUT) }
            unsafe poll(&descriptor, 1, 100)
            if descriptor.revents & Int16(POLLIN | POLLHUP | POLLERR) != 0 {
                var buffer = [UInt8](repeating: 0, count: 65_536)
                let count = unsafe recv(socket, &buffer, buffer.count, 0)
                if count > 0 { received += buffer[..<count] } else { isOver = count == 0 || errno != EAGAIN }
            }
            if !isOver, descriptor.revents & Int16(POLLOUT) != 0, sent < request.count {
                let count = unsafe request[sent...].prefix(pieceBytes ?? request.count).withUnsafeBytes {
                    unsafe send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                if count > 0 { sent += count } else if errno != EAGAIN { sent = request.count }
                if pieceBytes != nil { Thread.sleep(forTimeInterval: 0.002) }
            }
        }
        throw Failure(description: "no answer within \(seconds) seconds")
    }

    /// Removes one response from the front of `received`; `nil` while it is incomplete.
    private static func parsed(_ received: inout [UInt8], isOver: Bool, isHead: Bool) -> Answer? {
        // An interim answer, such as `100 Continue`, is followed by the final one.
        while received.starts(with: "HTTP/1.1 1".utf8), let end = received.firstRange(of: Array("\r\n\r\n".utf8)) {
            received.removeFirst(end.upperBound)
        }
        guard let headEnd = received.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let lines = String(decoding: received[..<headEnd.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        let status = lines[0].split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        let fields = lines.dropFirst().compactMap { line -> (String, String)? in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            return (line[..<colon].lowercased(), value)
        }
        let length = fields.first { $0.0 == "content-length" }.flatMap { Int($0.1) }
        let isChunked = fields.contains { $0.0 == "transfer-encoding" && $0.1 == "chunked" }
        var rest = received[headEnd.upperBound...]
        var body: [UInt8] = []
        var isWhole = true
        if isHead || status == 204 || status == 304 {
            body = []
        } else if isChunked {
            isWhole = takeChunks(&rest, into: &body)
            guard isWhole || isOver else { return nil }
        } else if let length {
            isWhole = rest.count >= length
            guard isWhole || isOver else { return nil }
            body = Array(rest.prefix(length))
            rest = rest.dropFirst(length)
        } else {
            guard isOver else { return nil }
            body = Array(rest)
            rest = []
        }
        received = Array(rest)
        return Answer(status: status, fields: fields.map { (name: $0.0, value: $0.1) }, body: body, isWhole: isWhole)
    }

    /// Removes every complete chunk; returns whether the last one was among them.
    private static func takeChunks(_ rest: inout ArraySlice<UInt8>, into body: inout [UInt8]) -> Bool {
        while let end = rest.firstRange(of: Array("\r\n".utf8)),
            let size = Int(String(decoding: rest[..<end.lowerBound], as: UTF8.self), radix: 16),
            rest.distance(from: end.upperBound, to: rest.endIndex) >= size + 2
        {
            body += rest[end.upperBound...].prefix(size)
            rest = rest[(end.upperBound + size + 2)...]
            if size == 0 { return true }
        }
        return false
    }
}
