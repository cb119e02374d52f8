// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if AsyncHTTPClient
import MCPAuthCore
import MCPAuthVerification
import TestSupport
import Testing

@testable import MCPAuth

/// The limits of every fetch, tested with servers that violate them.
///
/// None of these servers ends a stalled exchange by itself, so if a limit does not work, its test does not end.
@Suite(.timeLimit(.minutes(2))) struct FetchLimitTests {
    /// A fault of a server, and the error text for it.
    struct Fault: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let acts: [ScriptedServer.Act]
        let words: String

        /// Whether the server sent everything that it announced.
        var isComplete: Bool { words.contains("compressed") }

        init(_ name: String, _ words: String, _ acts: ScriptedServer.Act...) {
            testDescription = name
            self.words = words
            self.acts = acts
        }
    }

    static let faults = [
        Fault("never answers", "no answer within 2 s", .stall),
        Fault("stalls in the head", "no answer within 2 s", .send("HTTP/1.1 200 OK\r\ncontent-le"), .stall),
        Fault(
            "stalls before the body",
            "no answer within 2 s",
            .send("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n"),
            .stall
        ),
        Fault(
            "drips the body",
            "no answer within 2 s",
            .send("HTTP/1.1 200 OK\r\ncontent-length: 60000\r\n\r\n"),
            .drip(UInt8(ascii: " "), everyMilliseconds: 20)
        ),
        Fault(
            "drips the head",
            "no answer within 2 s",
            .send("HTTP/1.1 200 OK\r\nx: "),
            .drip(UInt8(ascii: "x"), everyMilliseconds: 20)
        ),
        Fault("closes at once", "the server closed the connection", .close),
        Fault("resets at once", "the server closed the connection", .reset),
        Fault(
            "says more than it sends",
            "the server closed the connection",
            .send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{}"),
            .close
        ),
        Fault(
            "resets in the body",
            "the server closed the connection",
            .send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{}"),
            .reset
        ),
        Fault(
            "ends a chunked body too early",
            "the server closed the connection",
            .send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{"),
            .close
        ),
        Fault(
            "says that 100 MiB follow",
            "the answer is longer than 65536 bytes",
            .send("HTTP/1.1 200 OK\r\ncontent-length: 104857600\r\n\r\n"),
            .flood([UInt8](repeating: 0x20, count: 65_536))
        ),
        Fault(
            "answers without end",
            "the answer is longer than 65536 bytes",
            .send("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n"),
            .flood([UInt8](repeating: 0x20, count: 65_536))
        ),
        Fault(
            "sends fields without end",
            "the answer is not valid HTTP",
            .send("HTTP/1.1 200 OK\r\n"),
            .flood(Array("x: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n".utf8))
        ),
        Fault(
            "compresses",
            "the answer is compressed with gzip although nothing asked for it",
            .send("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n\u{1F}x")
        ),
        Fault(
            "compresses for the transfer",
            "the answer is compressed with gzip although nothing asked for it",
            .send("HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n")
        ),
        Fault("speaks another protocol", "the answer is not valid HTTP", .send("220 mail.example ESMTP\r\n"), .stall),
        Fault(
            "contradicts itself about the length",
            "the answer is not valid HTTP",
            .send("HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nabcdef"),
            .stall
        ),
        Fault(
            "says a length that is not a number",
            "the answer is not valid HTTP",
            .send("HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n"),
            .stall
        ),
    ]

    @Test(arguments: faults)
    private func `a fetch from a faulty server fails with a plain message`(fault: Fault) async throws {
        let server = try ScriptedServer { _ in fault.acts }
        defer { server.stop() }
        let error = await #expect(throws: FetchError.self) {
            try await Self.fetcher.fetch(try Self.request(server, timeout: 2, maximumBytes: 64 * 1024))
        }
        let description = error?.description ?? ""
        #expect(description.hasPrefix("\(server.origin): \(fault.words)"), "\(description)")
        // A connection with an incomplete response must not stay open.
        while !fault.isComplete, server.open > 0 { try await Task.sleep(for: .milliseconds(5)) }
    }

    @Test func `a fetch ends when its task is cancelled`() async throws {
        let server = try ScriptedServer { _ in [.send("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n"), .stall] }
        defer { server.stop() }
        let request = try Self.request(server, timeout: 600)
        let task = Task { try await Self.fetcher.fetch(request) }
        while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        task.cancel()
        let error = await #expect(throws: FetchError.self) { try await task.value }
        #expect(error?.description == "\(server.origin): the fetch was cancelled")
    }

    @Test func `a redirect is returned as the answer and is not followed`() async throws {
        let server = try ScriptedServer { _ in
            ScriptedServer.answer([], status: 302, fields: [("location", "http://127.0.0.1:1/")])
        }
        defer { server.stop() }
        #expect(try await Self.fetcher.fetch(try Self.request(server)).status == 302)
    }

    @Test func `a request names its sender and asks for no content coding`() async throws {
        let server = try ScriptedServer { _ in ScriptedServer.answer(Array("{}".utf8)) }
        defer { server.stop() }
        _ = try await Self.fetcher.fetch(try Self.request(server))
        let fields = try #require(server.requests.first).fields
        #expect(fields["user-agent"] == "swift-mcp-auth/\(Version.current)")
        #expect(fields["accept-encoding"] == "identity")
        #expect(fields["accept"] == "application/json")
    }

    @Test func `the error for a port without a listener contains no path and no credentials`() async throws {
        let url = try #require(HTTPURL("http://127.0.0.1:1/secret-path"))
        let request = FetchRequest(url: url, provenance: .configured, authorization: "Bearer s3cret")
        let error = await #expect(throws: FetchError.self) { try await Self.fetcher.fetch(request) }
        #expect(error?.description == "http://127.0.0.1:1: connection refused")
    }

    @Test func `a host name that does not resolve is reported, for configured and learned URLs`() async throws {
        let url = try #require(HTTPURL("https://no-such-host.invalid/jwks"))
        let document = try #require(HTTPURL("https://issuer.example/"))
        for provenance in [FetchRequest.Provenance.configured, .learned(from: document)] {
            let request = FetchRequest(url: url, provenance: provenance, timeout: 60)
            let error = await #expect(throws: FetchError.self) { try await Self.fetcher.fetch(request) }
            #expect(error?.description == "https://no-such-host.invalid: the name does not resolve")
        }
    }

    @Test(arguments: ["127.0.0.1", "localhost", "127.1"])
    func `D4 a URL from a document may not lead to an address of this machine or network`(host: String) async throws {
        let server = try ScriptedServer { _ in ScriptedServer.answer(Array("{}".utf8)) }
        defer { server.stop() }
        let inside = try #require(HTTPURL("http://\(host):\(server.port)/jwks"))
        let document = try #require(HTTPURL("https://issuer.example/.well-known/openid-configuration"))
        // TLS settings of the issuer make no difference.
        for tls in [nil, TLSSettings(authorities: Array(try Vectors.text("tls/ca.pem").utf8))] {
            let fetcher = AsyncHTTPFetcher(dangerouslyAllowHTTP: true)
            let learned = FetchRequest(url: inside, provenance: .learned(from: document), tls: tls, timeout: 60)
            let error = await #expect(throws: FetchError.self) { try await fetcher.fetch(learned) }
            #expect(error?.description.contains("does not resolve to public addresses only") == true)
        }
        #expect(server.accepted == 0)
        // A configured URL may be local, and documents from it may name the same host.
        let own = FetchRequest(url: inside, provenance: .learned(from: inside), timeout: 60)
        if host != "127.1" { #expect(try await Self.fetcher.fetch(own).status == 200) }
    }

    @Test(arguments: ["http://issuer.example/jwks", "http://10.0.0.1/jwks"])
    func `D4 without TLS, nothing is fetched from another machine`(text: String) async throws {
        let url = try #require(HTTPURL(text))
        let error = await #expect(throws: FetchError.self) {
            try await Self.fetcher.fetch(FetchRequest(url: url, provenance: .configured))
        }
        #expect(error?.description.contains("is not https") == true)
    }

    static let fetcher = AsyncHTTPFetcher(dangerouslyAllowHTTP: false)

    private static func request(
        _ server: ScriptedServer,
        timeout: Double = 60,
        maximumBytes: Int = 512 * 1024
    ) throws -> FetchRequest {
        let url = try #require(HTTPURL("\(server.origin)/document"))
        return FetchRequest(url: url, provenance: .configured, maximumBytes: maximumBytes, timeout: timeout)
    }
}
#endif
