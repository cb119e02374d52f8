// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

public import MCPAuth
internal import MCPAuthLock

/// Answers for test issuers in place of the network; a request to anybody else fails.
public final class TestFetcher: HTTPFetcher {
    private let issuers: [TestIssuer]
    private let sent = Lock<[String]>([])

    /// Answers for these issuers.
    public init(_ issuers: TestIssuer...) {
        self.issuers = issuers
    }

    /// The URLs that were asked for, in order.
    public var requests: [String] { sent.withLock { $0 } }

    /// The answer of the issuer whose URL it is.
    public func fetch(_ request: FetchRequest) async throws(FetchError) -> FetchResponse {
        sent.withLock { $0.append(request.url.description) }
        for issuer in issuers {
            if let answer = try issuer.answer(request) { return answer }
        }
        throw FetchError("no test issuer is at `\(request.url)`")
    }
}
