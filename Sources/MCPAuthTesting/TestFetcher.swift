// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

public import MCPAuth
internal import MCPAuthConcurrency

/// Responds for test issuers in place of the network; a request to any other URL fails.
public final class TestFetcher: HTTPFetcher {
    private let issuers: [TestIssuer]
    private let sent = Lock<[String]>([])

    /// Responds for these issuers.
    public init(_ issuers: TestIssuer...) {
        self.issuers = issuers
    }

    /// The requested URLs, in order.
    public var requests: [String] { sent.withLock { $0 } }

    /// The response of the issuer that the URL belongs to.
    ///
    /// - Throws: `FetchError` when the URL belongs to none, or its issuer is down.
    public func fetch(_ request: FetchRequest) async throws(FetchError) -> FetchResponse {
        sent.withLock { $0.append(request.url.description) }
        for issuer in issuers {
            if let answer = try issuer.answer(request) { return answer }
        }
        throw FetchError("no test issuer is at `\(request.url)`")
    }
}
