// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if AsyncHTTPClient
internal import MCPAuthVerification
internal import NIOSSL

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The certificate authorities that are trusted where a configuration names none.
///
/// They are those of the system, unless the environment says otherwise by the variables of OpenSSL, which the TLS
/// library does not look at: `SSL_CERT_FILE` names a file in place of the system's, and `SSL_CERT_DIR` directories
/// (with names by hash, as `openssl rehash` makes them) in place of the system's.
struct SystemAuthorities: Sendable, Hashable {
    private let file: String?
    private let directories: [String]?

    init(environment: [String: String]) {
        file = environment["SSL_CERT_FILE"].flatMap { $0.isEmpty ? nil : $0 }
        directories = environment["SSL_CERT_DIR"].flatMap { $0.isEmpty ? nil : $0.split(separator: ":").map(String.init) }
    }

    static let ofThisProcess = SystemAuthorities(environment: ProcessInfo.processInfo.environment)

    /// - Throws: ``FetchError`` when what the environment names cannot be read.
    func apply(to configuration: inout TLSConfiguration) throws(FetchError) {
        guard file != nil || directories != nil else { return }
        if let file, !Self.isThere(file) {
            throw FetchError("SSL_CERT_FILE names the file `\(file)`, which cannot be read")
        }
        let files = [file ?? Self.systemFiles.first(where: Self.isThere)].compactMap(\.self)
        let roots = files + (directories ?? Self.systemDirectories).filter(Self.isThere)
        guard let first = roots.first else { throw FetchError("SSL_CERT_DIR names no directory that can be read") }
        configuration.trustRoots = .file(first)
        configuration.additionalTrustRoots = roots.dropFirst().map { .file($0) }
    }

    private static func isThere(_ path: String) -> Bool {
        FileManager.default.isReadableFile(atPath: path)
    }

    #if os(Linux)
    private static let systemFiles = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt"]
    private static let systemDirectories = ["/etc/ssl/certs"]
    #else
    private static let systemFiles: [String] = []
    private static let systemDirectories: [String] = []
    #endif
}

extension TLSConfiguration {
    /// What a fetch needs: certificates are always verified.
    ///
    /// - Throws: ``FetchError`` that says what cannot be used.
    static func forFetching(
        _ settings: TLSSettings?,
        otherwise system: SystemAuthorities
    ) throws(FetchError) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if let authorities = settings?.authorities {
            guard let certificates = try? NIOSSLCertificate.fromPEMBytes(authorities), !certificates.isEmpty else {
                throw FetchError("the certificate authorities are not PEM text with at least one certificate")
            }
            configuration.trustRoots = .certificates(certificates)
        } else {
            try system.apply(to: &configuration)
        }
        if let identity = settings?.identity {
            guard let chain = try? NIOSSLCertificate.fromPEMBytes(identity.certificate), !chain.isEmpty else {
                throw FetchError("the client certificate is not PEM text with at least one certificate")
            }
            guard let key = try? NIOSSLPrivateKey(bytes: identity.privateKey, format: .pem) else {
                throw FetchError("the private key of the client certificate is not an unencrypted key in PEM")
            }
            configuration.certificateChain = chain.map { .certificate($0) }
            configuration.privateKey = .privateKey(key)
        }
        return configuration
    }
}
#endif
