// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if AsyncHTTPClient
internal import AsyncHTTPClient
internal import MCPAuthCore
internal import MCPAuthConcurrency
internal import MCPAuthVerification
internal import NIOCore
internal import NIOPosix
internal import NIOSSL

/// Finds out why the certificate of a server is not trusted.
///
/// It connects once more, reads the presented certificates and always ends the handshake. Nothing is sent to an
/// untrusted server, and what it presents is used only for a message.
struct CertificateProbe {
    private let host: String
    private let port: Int
    /// The address to connect to: the one that the request was allowed to use.
    private let address: String
    private let key: ClientPool.Key

    init(_ request: FetchRequest, _ key: ClientPool.Key) {
        let host = request.url.host
        self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        port = request.url.port ?? 443
        address = key.pin?.address ?? self.host
        self.key = key
    }

    /// What is wrong with the certificate, worded to follow "is not trusted: ".
    func fault(until deadline: Deadline) async -> String {
        let named =
            key.tls?.authorities == nil
            ? "no authority that this system trusts has signed it; `ca_file` of an issuer, or SSL_CERT_FILE, names others"
            : "none of the configured authorities has signed it"
        guard let periods = await presented(until: deadline) else { return named }
        let now = Int(NumericDate.now().secondsSinceEpoch)
        if periods.contains(where: { $0.end < now }) { return "it or a certificate it depends on has expired" }
        if periods.contains(where: { $0.start > now }) {
            return "it is not valid yet, or the clock of this machine is wrong"
        }
        return named
    }

    private struct Period: Sendable {
        let start: Int
        let end: Int
    }

    /// The validity periods of the presented certificates; `nil` when none were presented in time.
    private func presented(until deadline: Deadline) async -> [Period]? {
        let flight = SingleFlight<Int, [Period]?>(most: 1)
        let task: @Sendable () async -> [Period]? = { [self] in try? await connect() }
        guard case .landed(let periods) = await flight.value(for: 0, until: deadline, task) else { return nil }
        return periods
    }

    private func connect() async throws -> [Period] {
        let configuration = try TLSConfiguration.forFetching(key.tls, otherwise: key.authorities)
        let context = try NIOSSLContext(configuration: configuration)
        let group = MultiThreadedEventLoopGroup.singleton
        let found = group.any().makePromise(of: [Period].self)
        let isAddress = (try? SocketAddress(ipAddress: host, port: port)) != nil
        let host = host
        let connecting = ClientBootstrap(group: group).connectTimeout(.seconds(5)).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                let handler = try NIOSSLClientHandler(
                    context: context,
                    serverHostname: isAddress ? nil : host,
                    customVerificationCallback: { certificates, verdict in
                        found.succeed(certificates.map { Period(start: $0.notValidBefore, end: $0.notValidAfter) })
                        verdict.succeed(.failed)
                    }
                )
                try channel.pipeline.syncOperations.addHandler(handler)
            }
        }.connect(host: address, port: port)
        connecting.whenFailure { found.fail($0) }
        connecting.whenSuccess { channel in
            // However the handshake ends, the channel closes.
            channel.closeFuture.whenComplete { _ in found.fail(ChannelError.eof) }
            channel.eventLoop.scheduleTask(in: .seconds(5)) { channel.close(promise: nil) }
        }
        return try await found.futureResult.get()
    }
}
#endif
