// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import AsyncHTTPClient
internal import MCPAuthJOSE
internal import MCPAuthJSON
internal import MCPAuthSigning
internal import NIOCore
internal import NIOHTTP1

/// A whole MCP client without a screen: it knows the URL of a server and learns the rest from the answers.
struct DemoClient {
    /// What a server answered.
    struct Answer {
        let status: Int
        let fields: [(name: String, value: String)]
        let body: JSONValue?

        func field(_ name: String) -> String? {
            fields.first { $0.name.lowercased() == name }?.value
        }

        /// A parameter of the challenge.
        func challenge(_ name: String) -> String? {
            guard let text = field("www-authenticate"), let start = text.range(ofText: "\(name)=\"") else { return nil }
            return String(text[start.upperBound...].prefix { $0 != "\"" })
        }
    }

    /// The first thing that was not as it should be.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    private let client = HTTPClient(
        eventLoopGroup: HTTPClient.defaultEventLoopGroup,
        configuration: .init(redirectConfiguration: .disallow)
    )

    func shutdown() async {
        try? await client.shutdown()
    }

    /// Calls an MCP method.
    func call(
        _ url: String,
        _ method: String,
        _ parameters: JSON = [:],
        authorization: [String] = []
    ) async throws -> Answer {
        let message: JSON = ["jsonrpc": "2.0", "id": 1, "method": .string(method), "params": parameters]
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.headers.add(name: "accept", value: "application/json, text/event-stream")
        for value in authorization { request.headers.add(name: "authorization", value: value) }
        request.body = .bytes(message.encoded())
        return try await answer(to: request)
    }

    func get(_ url: String) async throws -> Answer {
        try await answer(to: HTTPClientRequest(url: url))
    }

    func post(_ url: String, json: JSON) async throws -> Answer {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.body = .bytes(json.encoded())
        return try await answer(to: request)
    }

    func post(_ url: String, form: [(String, String)], basic: String? = nil) async throws -> Answer {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/x-www-form-urlencoded")
        if let basic { request.headers.add(name: "authorization", value: "Basic \(Base64.encode(Array(basic.utf8)))") }
        request.body = .bytes(Array(Self.query(form).utf8))
        return try await answer(to: request)
    }

    /// Gets a token by authorization code with PKCE, for one resource.
    func authorize(
        _ server: JSONValue,
        clientID: String,
        scope: String,
        resource: String
    ) async throws -> (token: String, redirect: Answer, answer: Answer) {
        guard let authorizationEndpoint = server["authorization_endpoint"]?.string,
            let tokenEndpoint = server["token_endpoint"]?.string
        else { throw Failure(description: "the authorization server names no endpoints") }
        let verifier = SecureRandom.token()
        let query = Self.query([
            ("response_type", "code"), ("client_id", clientID), ("redirect_uri", Self.redirectURI),
            ("scope", scope), ("resource", resource), ("state", "s"),
            ("code_challenge", Base64URL.encode(Digest.sha256(verifier.utf8))), ("code_challenge_method", "S256"),
        ])
        let redirect = try await get("\(authorizationEndpoint)?\(query)")
        guard let location = redirect.field("location"), let start = location.range(ofText: "code=") else {
            throw Failure(description: "no code in the redirect, status \(redirect.status)")
        }
        let code = String(location[start.upperBound...].prefix { $0 != "&" })
        let answer = try await post(
            tokenEndpoint,
            form: [
                ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", Self.redirectURI),
                ("client_id", clientID), ("code_verifier", verifier), ("resource", resource),
            ]
        )
        guard let token = answer.body?["access_token"]?.string else {
            throw Failure(description: "no access token, status \(answer.status)")
        }
        return (token, redirect, answer)
    }

    /// Where codes are sent; nobody listens there, the client reads the redirect itself.
    static let redirectURI = "http://127.0.0.1:8999/callback"

    private func answer(to request: HTTPClientRequest) async throws -> Answer {
        let response = try await client.execute(request, timeout: .seconds(10))
        let body = try await response.body.collect(upTo: 1024 * 1024)
        return Answer(
            status: Int(response.status.code),
            fields: response.headers.map { ($0.name, $0.value) },
            body: try? JSONDocument(parsing: Array(body.readableBytesView), limits: .fetched).root
        )
    }

    private static func query(_ parameters: [(String, String)]) -> String {
        parameters.map { "\($0.0)=\(percentEncoded($0.1))" }.joined(separator: "&")
    }

    private static func percentEncoded(_ text: String) -> String {
        text.utf8.map { byte in
            let isPlain = (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            if isPlain || byte == 0x2D || byte == 0x2E || byte == 0x5F { return String(UnicodeScalar(byte)) }
            let digits = String(byte, radix: 16, uppercase: true)
            return "%" + (digits.count == 1 ? "0" : "") + digits
        }.joined()
    }
}

extension String {
    /// The first occurrence of `text`.
    fileprivate func range(ofText text: String) -> Range<String.Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
            start = index(after: start)
        }
        return nil
    }
}
#endif
