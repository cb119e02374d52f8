// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if FlyingFox && AsyncHTTPClient
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// The answer of a server.
struct Answer: Sendable {
    let status: Int
    /// Field values by lower-case name.
    let fields: [String: String]
    let body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }

    /// The URI of a redirect without its query.
    var target: String? { fields["location"]?.split(separator: "?").first.map(String.init) }

    /// A parameter in the query of a redirect.
    func parameter(_ name: String) -> String? {
        let items = fields["location"].flatMap { URLComponents(string: $0) }?.queryItems
        return items?.first { $0.name == name }?.value
    }
}

/// Sends one request without following redirects.
enum Exchange {
    private static let client = HTTPClient(
        eventLoopGroup: HTTPClient.defaultEventLoopGroup,
        configuration: .init(redirectConfiguration: .disallow)
    )

    static func run(_ request: HTTPClientRequest) async throws -> Answer {
        let response = try await client.execute(request, timeout: .seconds(10))
        let body = try await response.body.collect(upTo: 1 << 20)
        return Answer(
            status: Int(response.status.code),
            fields: Dictionary(response.headers.map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { $1 }),
            body: Array(body.readableBytesView)
        )
    }
}
#endif
