// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Hummingbird
internal import Foundation
internal import Hummingbird
internal import Logging
internal import MCPAuth
internal import MCPAuthCore
internal import MCPAuthHummingbird

/// A thousand connections to a Hummingbird server in this process; all at once, each sends a bad token and a body of
/// 1 MiB.
enum ConnectionFlood {
    private static let connections = 1000
    private static let bodyBytes = 1024 * 1024
    private static let limit = 64.0

    /// - Returns: Whether the memory stayed within the limit and every request was refused.
    static func run() async throws -> Bool {
        let (listening, announce) = AsyncStream.makeStream(of: Int.self)
        let application = try application { announce.yield($0) }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await application.run() }
            defer { group.cancelAll() }
            guard let port = await listening.first(where: { _ in true }) else { return false }
            // Memory that the first requests leave behind counts as that of an idle server.
            _ = try await flood(port, connections: 20)
            try await Task.sleep(for: .seconds(1))
            try "5".write(toFile: "/proc/self/clear_refs", atomically: false, encoding: .utf8)
            let idle = memory("VmRSS")
            let refused = try await flood(port, connections: connections)
            let peak = memory("VmHWM") - idle
            print("\(connections) connections, each with a bad token and a body of \(bodyBytes) bytes, to Hummingbird:")
            print("  refused with 401: \(refused)")
            print("  peak memory above idle: \(Int(peak.rounded(.up))) MiB (limit \(Int(limit)))")
            return refused == connections && peak <= limit
        }
    }

    private static func application(
        onListening: @escaping @Sendable (Int) -> Void
    ) throws -> some ApplicationProtocol {
        let mcpAuth = try BoundsBenchmark.mcpAuth()
        let router = Router(context: BasicMCPAuthRequestContext.self)
        router.addProtectedResourceMetadata(mcpAuth)
        try router.group("mcp").add(middleware: BearerAuthMiddleware(mcpAuth, resource: BoundsBenchmark.resource))
            .post { _, context in context.authInfo?.subject ?? "nobody" }
        var logger = Logger(label: "benchmark")
        logger.logLevel = .critical
        return Application(
            router: router,
            server: .http1(configuration: .init(additionalChannelHandlers: [BoundedReads()])),
            configuration: .init(address: .hostname("127.0.0.1", port: 0), backlog: 1024),
            onServerRunning: { channel in onListening(channel.localAddress?.port ?? 0) },
            logger: logger
        )
    }

    /// Sends the requests from a separate thread, so that the client uses no thread of the server.
    private static func flood(_ port: Int, connections: Int) async throws -> Int {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                let result = Result {
                    var client = try FloodClient(port: port, connections: connections)
                    return try client.run()
                }
                continuation.resume(with: result)
            }
        }
    }

    /// A line of `/proc/self/status`, in MiB.
    private static func memory(_ name: String) -> Double {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix(name + ":") }
        return (line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Double($0) } ?? 0) / 1024
    }
}

/// Many connections on one thread, with little memory besides one body.
private struct FloodClient {
    struct ClientError: Error {}

    private var sockets: [pollfd] = []
    private var sent: [Int]
    private var heads: [[UInt8]]
    private let request: [UInt8]

    init(port: Int, connections: Int) throws {
        let body = 1024 * 1024
        let head =
            "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer bad\r\nContent-Length: \(body)\r\n\r\n"
        request = Array(head.utf8) + [UInt8](repeating: UInt8(ascii: "x"), count: body)
        sent = Array(repeating: 0, count: connections)
        heads = Array(repeating: [], count: connections)
        var files = rlimit()
        unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files)
        files.rlim_cur = files.rlim_max
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files)
        for _ in 0..<connections { sockets.append(pollfd(fd: try Self.connected(port), events: 0, revents: 0)) }
    }

    private static func connected(_ port: Int) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw ClientError() }
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        return descriptor
    }

    /// - Returns: How many were answered 401.
    mutating func run() throws -> Int {
        var refused = 0
        var buffer = [UInt8](repeating: 0, count: 4096)
        let deadline = Date.now.addingTimeInterval(120)
        while sockets.contains(where: { $0.fd >= 0 }) {
            guard Date.now < deadline else { throw ClientError() }
            for index in sockets.indices {
                sockets[index].events = Int16(sent[index] < request.count ? POLLIN | POLLOUT : POLLIN)
            }
            unsafe poll(&sockets, nfds_t(sockets.count), 1000)
            for index in sockets.indices where sockets[index].revents != 0 {
                if sockets[index].revents & Int16(POLLOUT) != 0 { send(index) }
                var isOver = false
                if sockets[index].revents & Int16(POLLIN | POLLHUP | POLLERR) != 0 {
                    let count = unsafe recv(sockets[index].fd, &buffer, buffer.count, 0)
                    if count > 0 { heads[index] = Array((heads[index] + buffer[..<count]).prefix(64)) }
                    isOver = count <= 0
                }
                if isOver || (sent[index] == request.count && heads[index].count >= 12) { finish(index, &refused) }
            }
        }
        return refused
    }

    private mutating func send(_ index: Int) {
        let part = request[sent[index]...].prefix(65_536)
        let count = unsafe part.withUnsafeBytes {
            unsafe Glibc.send(sockets[index].fd, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        if count > 0 { sent[index] += count } else if errno != EAGAIN { sent[index] = request.count }
    }

    private mutating func finish(_ index: Int, _ refused: inout Int) {
        if heads[index].starts(with: "HTTP/1.1 401".utf8) { refused += 1 }
        close(sockets[index].fd)
        sockets[index].fd = -1
        sockets[index].revents = 0
    }
}
#endif
