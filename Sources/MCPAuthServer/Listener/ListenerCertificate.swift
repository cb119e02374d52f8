// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Server
internal import MCPAuth
internal import MCPAuthConcurrency
internal import MCPAuthCore
internal import NIOHTTP2
internal import NIOSSL

/// The certificate of a listener; connections that are accepted after a change get the new one.
final class ListenerCertificate: Sendable {
    private let settings: ListenerTLS
    private let current: Lock<NIOSSLContext>

    /// - Throws: `ConfigurationError` that names the file.
    init(_ settings: ListenerTLS) throws {
        self.settings = settings
        current = Lock(try Self.context(settings))
    }

    /// The context for a new connection.
    var context: NIOSSLContext { current.withLock { $0 } }

    /// Reads the files again.
    ///
    /// - Throws: `ConfigurationError`; the certificate before stays in use.
    func reload() throws {
        let context = try Self.context(settings)
        current.withLock { $0 = context }
    }

    private static func context(_ settings: ListenerTLS) throws -> NIOSSLContext {
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(settings.certificate)
            let key = try NIOSSLPrivateKey(file: settings.privateKey, format: .pem)
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) },
                privateKey: .privateKey(key)
            )
            configuration.minimumTLSVersion = .tlsv12
            configuration.applicationProtocols = NIOHTTP2SupportedALPNProtocols
            if let authorities = settings.clientAuthorities {
                configuration.certificateVerification = .optionalVerification
                configuration.trustRoots = .file(authorities)
            }
            return try NIOSSLContext(configuration: configuration)
        } catch {
            let files = [settings.certificate, settings.privateKey] + [settings.clientAuthorities].compactMap { $0 }
            let names = files.map { "`\($0.printable)`" }.joined(separator: ", ")
            throw ConfigurationError(.unreadableFile, "\(names): not a certificate and its key in PEM: \(error)")
        }
    }
}
#endif
