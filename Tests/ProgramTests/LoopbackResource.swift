// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
import Foundation

/// A server on this machine that is a good protected resource and its authorization server, until a test changes one of
/// its answers.
final class LoopbackResource: Sendable {
    struct Request: Sendable {
        let method: String
        /// The path with its query.
        let target: String
        let fields: [(name: String, value: String)]

        var path: String { String(target.prefix { $0 != "?" }) }

        func values(of name: String) -> [String] {
            fields.filter { $0.name.lowercased() == name }.map(\.value)
        }
    }

    struct Answer: Sendable {
        var status: Int
        var fields: [String: String]
        var body = ""
    }

    /// Changes an answer; `nil` closes the connection instead.
    typealias Change = @Sendable (Request, Answer) -> Answer?

    let port: Int
    private let listener: Int32
    private let change: Change

    /// The URL of the resource.
    var url: String { "\(origin)/mcp" }
    /// The issuer of its tokens.
    var origin: String { "http://127.0.0.1:\(port)" }

    init(_ change: @escaping Change = { $1 }) {
        (listener, port) = Program.takenPort()
        self.change = change
        Thread.detachNewThread { self.accept() }
    }

    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private func accept() {
        while true {
            let connection = Foundation.accept(listener, nil, nil)
            guard connection >= 0 else { break }
            Thread.detachNewThread {
                if let request = Self.read(connection), let answer = self.change(request, self.answer(to: request)) {
                    Self.write(answer, to: connection)
                }
                close(connection)
            }
        }
        close(listener)
    }

    /// The answer of a server without a fault.
    private func answer(to request: Request) -> Answer {
        let open = ["access-control-allow-origin": "*", "access-control-expose-headers": "WWW-Authenticate"]
        let document = open.merging(["content-type": "application/json"]) { $1 }
        switch request.path {
        case "/mcp":
            if request.method == "OPTIONS" {
                let names = "Authorization, Content-Type, MCP-Protocol-Version"
                return Answer(status: 204, fields: open.merging(["access-control-allow-headers": names]) { $1 })
            }
            let credentials = request.values(of: "authorization")
            guard credentials.count < 2 else { return Answer(status: 400, fields: open) }
            let error = credentials.isEmpty ? "" : "error=\"invalid_token\", "
            let place = "\(origin)/.well-known/oauth-protected-resource/mcp"
            let challenge = "Bearer \(error)scope=\"read\", resource_metadata=\"\(place)\""
            return Answer(status: 401, fields: open.merging(["www-authenticate": challenge]) { $1 })
        case "/.well-known/oauth-protected-resource/mcp":
            let body = #"{ "resource": "\#(url)", "authorization_servers": ["\#(origin)"] }"#
            return Answer(status: 200, fields: document, body: body)
        case "/.well-known/oauth-authorization-server":
            let body = """
                { "issuer": "\(origin)", "authorization_endpoint": "\(origin)/authorize",
                  "token_endpoint": "\(origin)/token", "registration_endpoint": "\(origin)/register",
                  "jwks_uri": "\(origin)/jwks", "response_types_supported": ["code"],
                  "code_challenge_methods_supported": ["S256"] }
                """
            return Answer(status: 200, fields: document, body: body)
        case "/jwks":
            let key = #""x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "alg": "EdDSA", "kid": "1""#
            let body = #"{ "keys": [{ "kty": "OKP", "crv": "Ed25519", "# + key + " }] }"
            return Answer(status: 200, fields: document, body: body)
        default: return Answer(status: 404, fields: open)
        }
    }

    private static func read(_ connection: Int32) -> Request? {
        var bytes: [UInt8] = []
        while true {
            var buffer = [UInt8](repeating: 0, count: 65_536)
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            bytes += buffer[..<count]
            let text = String(decoding: bytes, as: UTF8.self)
            guard let end = text.range(of: "\r\n\r\n") else { continue }
            let lines = text[..<end.lowerBound].components(separatedBy: "\r\n")
            let fields = lines.dropFirst().compactMap { line -> (name: String, value: String)? in
                guard let colon = line.firstIndex(of: ":") else { return nil }
                let value = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
                return (String(line[..<colon]), value)
            }
            let length = fields.first { $0.name.lowercased() == "content-length" }.flatMap { Int($0.value) } ?? 0
            guard text[end.upperBound...].utf8.count >= length else { continue }
            let words = lines[0].split(separator: " ").map(String.init)
            return words.count == 3 ? Request(method: words[0], target: words[1], fields: fields) : nil
        }
    }

    private static func write(_ answer: Answer, to connection: Int32) {
        var lines = ["HTTP/1.1 \(answer.status) x", "connection: close"]
        if answer.status != 204, answer.fields["content-length"] == nil {
            lines.append("content-length: \(answer.body.utf8.count)")
        }
        lines += answer.fields.map { "\($0.key): \($0.value)" }
        let bytes = Array((lines.joined(separator: "\r\n") + "\r\n\r\n" + answer.body).utf8)
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }
}
#endif
