// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if AsyncHTTPClient
internal import MCPAuthCore
internal import MCPAuthVerification
internal import NIOSSL

#if canImport(FoundationEssentials)
internal import FoundationEssentials
#else
internal import Foundation
#endif

/// The certificate authorities that are trusted where a configuration names none.
///
/// They are those of the system, unless the environment sets the variables of OpenSSL, which the TLS library ignores:
/// `SSL_CERT_FILE` names a file that replaces the system's file, and `SSL_CERT_DIR` names directories, separated by
/// colons, that replace the system's directory. They are read when they are first needed.
struct SystemAuthorities: Sendable, Hashable {
    private let file: String?
    private let directories: [String]?

    init(environment: [String: String]) {
        file = environment["SSL_CERT_FILE"].flatMap { $0.isEmpty ? nil : $0 }
        directories = environment["SSL_CERT_DIR"].flatMap {
            $0.isEmpty ? nil : $0.split(separator: ":").map(String.init)
        }
    }

    static let ofThisProcess = SystemAuthorities(environment: ProcessInfo.processInfo.environment)

    /// - Throws: ``FetchError`` when the named file cannot be read, or no certificate is left to trust.
    func apply(to configuration: inout TLSConfiguration) throws(FetchError) {
        guard file != nil || directories != nil else { return }
        var named: [NIOSSLCertificate] = []
        if let file {
            guard let found = try? NIOSSLCertificate.fromPEMFile(file), !found.isEmpty else {
                throw FetchError(
                    "SSL_CERT_FILE names the file `\(file.printable)`, in which no certificate can be read"
                )
            }
            named = found
        }
        named += (directories ?? []).flatMap(Self.certificates)
        // The system's file or directory that stays in use because its variable is not set.
        let kept = (file == nil ? Self.systemFiles : Self.systemDirectories).first(where: Self.isThere)
        if let kept, file == nil || directories == nil {
            configuration.trustRoots = .file(kept)
            configuration.additionalTrustRoots = [.certificates(named)]
        } else if !named.isEmpty {
            configuration.trustRoots = .certificates(named)
        } else {
            throw FetchError("SSL_CERT_DIR names no directory in which a certificate can be read")
        }
    }

    /// The certificates that can be read in a directory; none when it does not exist.
    private static func certificates(in directory: String) -> [NIOSSLCertificate] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return names.sorted().flatMap { (try? NIOSSLCertificate.fromPEMFile("\(directory)/\($0)")) ?? [] }
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
    /// The TLS configuration of a fetch; certificates are always verified.
    ///
    /// - Throws: ``FetchError`` that names the certificate or key that cannot be used.
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
