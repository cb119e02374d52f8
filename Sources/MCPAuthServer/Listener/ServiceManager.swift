// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CMCPAuthSystem
internal import MCPAuthConcurrency

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// The service manager that started this process, such as systemd: the sockets it passes on, and what it is told.
///
/// Sockets are passed as descriptors from 3 on, in number `LISTEN_FDS`, to the process `LISTEN_PID`; messages go to the
/// socket `NOTIFY_SOCKET`. Without these variables nothing is passed on and nobody is told.
package final class ServiceManager: Sendable {
    private let notifySocket: String?
    private let sockets: Lock<[String: Int32]>

    package init(environment: [String: String]) {
        notifySocket = environment["NOTIFY_SOCKET"]
        var sockets: [String: Int32] = [:]
        if environment["LISTEN_PID"].flatMap({ Int32($0) }) == getpid(),
            let count = environment["LISTEN_FDS"].flatMap({ Int32($0) }), (1...Self.mostSockets).contains(count)
        {
            for descriptor in 3..<(3 + count) {
                // Not for the processes of isolated modules.
                _ = mcp_close_on_exec(descriptor)
                if let address = Self.address(of: descriptor) { sockets[address] = descriptor }
            }
        }
        self.sockets = Lock(sockets)
    }

    private static let mostSockets: Int32 = 64

    /// The socket that was passed for an address, as the configuration writes it; each is given away once.
    func socket(for address: String) -> Int32? {
        sockets.withLock { $0.removeValue(forKey: address) }
    }

    /// The addresses of the sockets that nothing uses.
    package var unusedAddresses: [String] { sockets.withLock { $0.keys.sorted() } }

    /// What the service manager is told.
    package enum State: String, Sendable {
        case ready = "READY=1"
        case stopping = "STOPPING=1"
    }

    /// Tells the service manager, if it wants to know; it never waits.
    package func tell(_ state: State) {
        guard let notifySocket else { return }
        _ = unsafe mcp_notify(notifySocket, state.rawValue)
    }

    private static func address(of descriptor: Int32) -> String? {
        var text = [CChar](repeating: 0, count: 128)
        guard unsafe mcp_listening_address(descriptor, &text, text.count) == 0 else { return nil }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
