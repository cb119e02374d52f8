// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if AsyncHTTPClient
import AsyncHTTPClient
import Foundation
import MCPAuthVerification
import MCPAuthConcurrency
import NIOCore
import NIOHTTP1
import NIOSSL
import Testing

@testable import MCPAuth

/// What an operator reads for errors of the libraries below: plain words, never the name of a Swift enum case.
@Suite struct FetchFailureTests {
    private struct SomethingElse: Error { let token = "s3cret" }

    @Test(
        arguments: [
            (IOError(errnoCode: ECONNREFUSED, reason: "connect"), "connection refused"),
            (IOError(errnoCode: ECONNRESET, reason: "read"), "the server closed the connection"),
            (IOError(errnoCode: EPIPE, reason: "write"), "the server closed the connection"),
            (IOError(errnoCode: EHOSTUNREACH, reason: "connect"), "there is no route to the host"),
            (IOError(errnoCode: ENETUNREACH, reason: "connect"), "there is no route to the host"),
            (IOError(errnoCode: ETIMEDOUT, reason: "connect"), "no answer within 5 s"),
            (IOError(errnoCode: EMFILE, reason: "socket"), "this process has too many open files"),
            (IOError(errnoCode: 9999, reason: "socket"), "the connection failed (system error 9999)"),
            (HTTPClientError.deadlineExceeded, "no answer within 5 s"),
            (HTTPClientError.connectTimeout, "no answer within 5 s"),
            (HTTPClientError.tlsHandshakeTimeout, "no answer within 5 s"),
            (HTTPClientError.readTimeout, "no answer within 5 s"),
            (HTTPClientError.getConnectionFromPoolTimeout, "no answer within 5 s"),
            (HTTPClientError.remoteConnectionClosed, "the server closed the connection"),
            (HTTPClientError.cancelled, "the fetch was cancelled"),
            (HTTPClientError.invalidURL, "the request failed (invalid url)"),
            (CancellationError(), "the fetch was cancelled"),
            (ChannelError.connectTimeout(.seconds(3)), "no answer within 5 s"),
            (ChannelError.eof, "the server closed the connection"),
            (ChannelError.ioOnClosedChannel, "the server closed the connection"),
            (NIOTooManyBytesError(maxBytes: 7), "the answer is longer than 7 bytes"),
            (HTTPParserError.invalidEOFState, "the server closed the connection before the answer was complete"),
            (HTTPParserError.invalidHeaderToken, "the answer is not valid HTTP"),
            (
                NIOSSLExtraError.failedToValidateHostname,
                "the TLS certificate is not trusted: it is not for this host name"
            ),
            (NIOSSLError.uncleanShutdown, "the server closed the connection"),
            (NIOSSLError.handshakeFailed(.sslError([])), "the TLS handshake failed"),
            (NIOSSLError.handshakeFailed(.zeroReturn), "the server closed the connection during the TLS handshake"),
            (NIOSSLError.noSuchFilesystemObject, "the certificate authorities of this system cannot be read"),
            (
                NIOSSLError.handshakeFailed(.sslError([.eofDuringHandshake])),
                "the server closed the connection during the TLS handshake"
            ),
            (FetchError("in words already"), "in words already"),
            (FetchFailure.DeadlineExceeded(), "no answer within 5 s"),
            (SomethingElse(), "the connection failed (SomethingElse)"),
        ] as [(any Error, String)]
    )
    private func `each kind of failure has a plain message`(error: any Error, words: String) {
        #expect(FetchFailure.words(for: error, timeout: 5, maximumBytes: 7) == words)
    }

    @Test(arguments: [(5, "5 s"), (0.5, "0.5 s"), (60, "60 s"), (1e12, "1000000000000.0 s")] as [(Double, String)])
    func `a number of seconds is written with its unit`(seconds: Double, text: String) {
        #expect(Deadline.text(seconds) == text)
    }
}
#endif
