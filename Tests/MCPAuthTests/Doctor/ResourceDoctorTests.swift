// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MCPAuthConcurrency
import MCPAuthCore
import Testing

@testable import MCPAuth

/// What `ResourceDoctor` sends where, with answers from a table; `DoctorCommandTests` has the faults.
@Suite struct ResourceDoctorTests {
    /// Answers like a resource whose metadata is on another host.
    private final class Transport: ProbeTransport {
        private let sent = Lock<[ProbeRequest]>([])

        var requests: [ProbeRequest] { sent.withLock { $0 } }

        func send(_ request: ProbeRequest) async throws(FetchError) -> ProbeAnswer {
            sent.withLock { $0.append(request) }
            guard request.url.host == "meta.example" else {
                let challenge = "Bearer resource_metadata=\"https://meta.example/r\""
                return ProbeAnswer(status: 401, fields: [("WWW-Authenticate", challenge)])
            }
            let document = #"{ "resource": "http://mcp.example/mcp", "authorization_servers": ["https://as.example"] }"#
            let fields = [(name: "Content-Type", value: "application/json; charset=utf-8")]
            return ProbeAnswer(status: 200, fields: fields, body: Array(document.utf8))
        }
    }

    /// Fails, and keeps what it was asked for.
    private final class Fetcher: HTTPFetcher {
        private let sent = Lock<[FetchRequest]>([])

        var requests: [FetchRequest] { sent.withLock { $0 } }

        func fetch(_ request: FetchRequest) async throws(FetchError) -> FetchResponse {
            sent.withLock { $0.append(request) }
            throw FetchError("no network")
        }
    }

    @Test(arguments: [true, false])
    func `what a resource names must be public, unless the operator says that the network is private`(
        isPublic: Bool
    ) async throws {
        let (transport, fetcher) = (Transport(), Fetcher())
        let doctor = ResourceDoctor(
            try ResourceIdentifier("http://mcp.example/mcp"),
            origin: "https://client.example",
            isPrivate: !isPublic,
            transport: transport,
            fetcher: fetcher
        )
        let report = await doctor.examine()
        let codes = Set(report.findings.map(\.code))
        #expect(codes.isSuperset(of: ["plain_http", "resource_metadata_other_origin", "document_unreachable"]))
        #expect(report.isUnreachable)
        let toMetadata = transport.requests.filter { $0.url.host == "meta.example" }
        #expect(!toMetadata.isEmpty && toMetadata.allSatisfy { $0.mustReachPublicAddress == isPublic })
        #expect(transport.requests.allSatisfy { $0.url.host != "mcp.example" || !$0.mustReachPublicAddress })
        #expect(!fetcher.requests.isEmpty && fetcher.requests.allSatisfy { $0.mustReachPublicAddress == isPublic })
        let tokens = transport.requests.flatMap(\.fields).filter { $0.name == "authorization" }
        #expect(toMetadata.flatMap(\.fields).allSatisfy { $0.name != "authorization" } && tokens.count == 4)
    }

    @Test func `docs/codes.md lists exactly the codes of findings about a resource`() throws {
        let root = #filePath.replacing("Tests/MCPAuthTests/Doctor/ResourceDoctorTests.swift", with: "")
        let page = try String(contentsOf: URL(filePath: root + "docs/codes.md"), encoding: .utf8)
        let lines = page.split(separator: "\n", omittingEmptySubsequences: false)
        let table = lines.drop { $0 != "## Findings about a running resource" }.dropFirst()
            .prefix { !$0.hasPrefix("## ") }
        let listed = table.compactMap { $0.firstMatch(of: /^\| `([^`]+)` \|/).map { String($0.1) } }
        #expect(listed == DoctorCode.allCases.map(\.rawValue))
    }
}
