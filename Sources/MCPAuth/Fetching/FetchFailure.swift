// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if AsyncHTTPClient
internal import AsyncHTTPClient
internal import MCPAuthVerification
internal import MCPAuthConcurrency
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Why a fetch failed, worded for the operators of this server and of the server it called.
///
/// It names the kind of failure and never contains the message that was sent.
package struct FetchFailure: CustomStringConvertible {
    struct DeadlineExceeded: Error {}

    /// The result of `body`, which is cancelled at the deadline.
    ///
    /// - Throws: What `body` throws, and ``DeadlineExceeded``.
    static func within<Result: Sendable>(
        _ deadline: Deadline,
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result.self) { group in
            group.addTask { try await body() }
            group.addTask {
                guard await Alarm.shared.wait(until: deadline.instant) else { throw CancellationError() }
                throw DeadlineExceeded()
            }
            defer { group.cancelAll() }
            guard let result = try await group.next() else { throw CancellationError() }
            return result
        }
    }

    package let description: String

    init(_ error: any Error, of request: FetchRequest) {
        description = Self.words(for: error, timeout: request.timeout, maximumBytes: request.maximumBytes)
    }

    /// Whether no trusted authority signed the certificate of the server, or the certificate is not valid now.
    static func isUntrustedCertificate(_ error: any Error) -> Bool {
        reasons(of: error).contains("CERTIFICATE_VERIFY_FAILED")
    }

    /// - Parameters:
    ///   - timeout: The time limit of the fetch, in seconds.
    ///   - maximumBytes: The length limit of the response body, in bytes.
    package static func words(for error: any Error, timeout: Double, maximumBytes: Int) -> String {
        let late = "no answer within \(Deadline.text(timeout))"
        switch error {
        case let error as FetchError: return error.description
        case is DeadlineExceeded: return late
        case is CancellationError, HTTPClientError.cancelled as HTTPClientError:
            return "the fetch was cancelled"
        case let error as NIOConnectionError:
            guard let first = error.connectionErrors.first else { return unresolved }
            return words(for: first.error, timeout: timeout, maximumBytes: maximumBytes)
        case is SocketAddressError, is SocketAddressError.UnknownHost: return unresolved
        case let error as IOError: return words(for: error.errnoCode, late)
        case let error as ChannelError: return error.isTimeout ? late : closed
        case is NIOTooManyBytesError: return "the answer is longer than \(maximumBytes) bytes"
        case HTTPParserError.invalidEOFState as HTTPParserError:
            return "\(closed) before the answer was complete"
        case is HTTPParserError: return "the answer is not valid HTTP"
        case NIOSSLExtraError.failedToValidateHostname as NIOSSLExtraError:
            return "the TLS certificate is not trusted: it is not for this host name"
        case NIOSSLError.uncleanShutdown as NIOSSLError: return closed
        case NIOSSLError.noSuchFilesystemObject as NIOSSLError, NIOSSLError.failedToLoadCertificate as NIOSSLError:
            return "the certificate authorities of this system cannot be read"
        case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError:
            return isEnd(error) ? "\(closed) during the TLS handshake" : words(forTLS: reasons(of: error))
        case let error as HTTPClientError: return words(for: error, late)
        default: return "the connection failed (\(type(of: error)))"
        }
    }

    private static let closed = "the server closed the connection"
    private static let unresolved = "the name does not resolve"

    private static func words(for error: HTTPClientError, _ late: String) -> String {
        switch error {
        case .deadlineExceeded, .readTimeout, .writeTimeout, .connectTimeout, .tlsHandshakeTimeout,
            .getConnectionFromPoolTimeout:
            late
        case .remoteConnectionClosed, .uncleanShutdown: closed
        default: "the request failed (\(error.shortDescription.lowercased()))"
        }
    }

    private static func words(for code: CInt, _ late: String) -> String {
        switch code {
        case ECONNREFUSED: "connection refused"
        case ECONNRESET, EPIPE, ECONNABORTED: closed
        case ETIMEDOUT: late
        case EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL, ENETDOWN, EHOSTDOWN: "there is no route to the host"
        case EMFILE, ENFILE: "this process has too many open files"
        case EACCES, EPERM: "this system does not permit the connection"
        default: "the connection failed (system error \(code))"
        }
    }

    private static func words(forTLS reasons: [String]) -> String {
        let reason = reasons.first ?? ""
        switch reason {
        case "CERTIFICATE_VERIFY_FAILED": return "the TLS certificate is not trusted"
        case "WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST":
            return "the server does not speak TLS on this port"
        case "UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION":
            return "the server supports no safe version of TLS"
        case "": return "the TLS handshake failed"
        default:
            if reason.hasSuffix("CERTIFICATE_REQUIRED") { return "the server wants a TLS client certificate" }
            if reason.contains("ALERT") && (reason.contains("CERTIFICATE") || reason.hasSuffix("UNKNOWN_CA")) {
                return "the server refuses the TLS client certificate"
            }
            return "the TLS handshake failed (\(reason.replacing("_", with: " ").lowercased()))"
        }
    }

    /// Whether the server closed the connection during the handshake.
    private static func isEnd(_ error: any Error) -> Bool {
        guard case NIOSSLError.handshakeFailed(let cause) = error else { return false }
        return switch cause {
        case .sslError(let stack): stack.contains(.eofDuringHandshake)
        case .zeroReturn, .syscallError: true
        default: false
        }
    }

    /// The TLS library's names for the causes of an error; may be empty.
    private static func reasons(of error: any Error) -> [String] {
        let cause: BoringSSLError
        switch error {
        case NIOSSLError.handshakeFailed(let inner), NIOSSLError.shutdownFailed(let inner): cause = inner
        case let inner as BoringSSLError: cause = inner
        default: return []
        }
        switch cause {
        case .sslError(let stack), .unknownError(let stack):
            return stack.compactMap { entry in
                // As in `error:1000007d:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED at file:line`.
                let parts = entry.description.split(separator: ":")
                return parts.firstIndex { $0 == "OPENSSL_internal" }.flatMap { index in
                    parts.dropFirst(index + 1).first?.split(separator: " ").first.map(String.init)
                }
            }
        default: return []
        }
    }
}

extension ChannelError {
    fileprivate var isTimeout: Bool {
        if case .connectTimeout = self { true } else { false }
    }
}
#endif
