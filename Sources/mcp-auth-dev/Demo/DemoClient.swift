// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
internal import AsyncHTTPClient
internal import MCPAuth
internal import MCPAuthCore
internal import MCPAuthJOSE
internal import MCPAuthJSON
internal import MCPAuthSigning
internal import NIOCore
internal import NIOHTTP1

/// A complete MCP client without a user interface: it knows the URL of a server and learns the rest from responses.
struct DemoClient {
    /// The response of a server.
    struct Answer {
        let status: Int
        let fields: [(name: String, value: String)]
        let body: JSONView?

        func field(_ name: String) -> String? {
            fields.first { $0.name.lowercased() == name }?.value
        }

        /// A parameter of the challenge.
        func challenge(_ name: String) -> String? {
            guard let text = field("www-authenticate"), let start = text.range(ofText: "\(name)=\"") else { return nil }
            return String(text[start.upperBound...].prefix { $0 != "\"" })
        }
    }

    private let client: HTTPClient

    private init() {
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        // A refused connection is reported at once.
        configuration.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroup: HTTPClient.defaultEventLoopGroup, configuration: configuration)
    }

    /// Calls `body` with a client, which is always shut down afterwards.
    static func use<Result: Sendable>(_ body: (DemoClient) async throws -> Result) async throws -> Result {
        let demo = DemoClient()
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(try await body(demo))
        } catch {
            result = .failure(error)
        }
        try? await demo.client.shutdown()
        return try result.get()
    }

    /// Calls an MCP method like a client of the newest revision when `revision` is given, else like an older one.
    func call(
        _ url: String,
        _ method: String,
        _ parameters: [String: JSON] = [:],
        revision: String? = nil,
        authorization: [String] = []
    ) async throws -> Answer {
        var parameters = parameters
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.headers.add(name: "accept", value: "application/json, text/event-stream")
        for value in authorization { request.headers.add(name: "authorization", value: value) }
        if let revision {
            request.headers.add(name: "mcp-protocol-version", value: revision)
            request.headers.add(name: "mcp-method", value: method)
            if let name = parameters["name"]?.string { request.headers.add(name: "mcp-name", value: name) }
            parameters["_meta"] = [
                "io.modelcontextprotocol/protocolVersion": .string(revision),
                "io.modelcontextprotocol/clientCapabilities": [:],
                "io.modelcontextprotocol/clientInfo": ["name": "mcp-auth-dev", "version": "1.0.0"],
            ]
        }
        let message: JSON = ["jsonrpc": "2.0", "id": 1, "method": .string(method), "params": .object(parameters)]
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
        _ server: JSONView,
        clientID: String,
        scope: String,
        resource: String
    ) async throws -> (token: String, redirect: Answer, answer: Answer) {
        guard let authorizationEndpoint = server["authorization_endpoint"]?.string,
            let tokenEndpoint = server["token_endpoint"]?.string
        else { throw CommandFailure(ProgramExit.unexpected, "the authorization server names no endpoints") }
        let verifier = SecureRandom.token()
        let query = Self.query([
            ("response_type", "code"), ("client_id", clientID), ("redirect_uri", Self.redirectURI),
            ("scope", scope), ("resource", resource), ("state", "s"),
            ("code_challenge", Base64URL.encode(Digest.sha256(verifier.utf8))), ("code_challenge_method", "S256"),
        ])
        let redirect = try await get("\(authorizationEndpoint)?\(query)")
        guard let location = redirect.field("location"), let start = location.range(ofText: "code=") else {
            throw CommandFailure(ProgramExit.unexpected, "there is no code in the redirect (status \(redirect.status))")
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
            throw CommandFailure(
                ProgramExit.unexpected,
                "there is no access token in the answer (status \(answer.status))"
            )
        }
        return (token, redirect, answer)
    }

    /// The redirect URI for codes.
    ///
    /// Nothing listens there; the client reads the redirect response itself.
    static let redirectURI = "http://127.0.0.1:8999/callback"

    private func answer(to request: HTTPClientRequest) async throws -> Answer {
        do {
            let response = try await client.execute(request, timeout: .seconds(Int64(Self.timeout)))
            let body = try await response.body.collect(upTo: Self.longestAnswer)
            return Answer(
                status: Int(response.status.code),
                fields: response.headers.map { ($0.name, $0.value) },
                body: try? JSONDocument(parsing: Array(body.readableBytesView), limits: .fetched).root
            )
        } catch {
            let why = FetchFailure.words(for: error, timeout: Self.timeout, maximumBytes: Self.longestAnswer)
            let origin = HTTPURL(request.url)?.origin ?? request.url
            let advice = "is it running? `mcp-auth-dev issuer` starts an authorization server"
            throw CommandFailure(ProgramExit.unavailable, "no answer from \(origin.printable): \(why); \(advice)")
        }
    }

    /// In seconds.
    private static let timeout = 10.0

    /// In bytes.
    private static let longestAnswer = 1024 * 1024

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
