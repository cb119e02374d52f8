// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HTTPTypes

/// What real proxies sent for requests that are hard to read: to the service that they ask, and to the server behind them.
struct Capture: Decodable, Sendable, CustomStringConvertible {
    struct Asked: Decodable, Sendable {
        let requestLine: String?
        let headers: [[String]]?
        /// A message of gRPC, in hexadecimal.
        let message: String?
        /// Parameters of FastCGI.
        let parameters: [[String]]?

        enum CodingKeys: String, CodingKey {
            case requestLine = "request_line"
            case headers
            case message = "check_request_hex"
            case parameters = "params"
        }
    }

    struct Upstream: Decodable, Sendable {
        let requestLine: String?

        enum CodingKeys: String, CodingKey { case requestLine = "upstream_request_line" }
    }

    let name: String
    let raw: String
    let asked: [Asked]?
    let upstream: Upstream?

    enum CodingKeys: String, CodingKey {
        case name = "case"
        case raw
        case asked = "auth_saw"
        case upstream = "upstream_saw"
    }

    var description: String { name }

    /// The captures of one proxy.
    static func all(_ proxy: String) throws -> [Capture] {
        let directory = #filePath.replacing("/MCPAuthServerTests/Captures.swift", with: "/Vectors")
        let data = try Data(contentsOf: URL(filePath: directory + "/forward-auth-captures/\(proxy).json"))
        return try JSONDecoder().decode([Capture].self, from: data)
    }

    /// The first part of the path that the most lenient server would take from a target: decoded again and again, without
    /// parameters and dot segments, in lower case.
    static func leniently(_ target: String) -> String {
        var text = target
        if let range = text.range(of: "://") {
            text = String(text[range.upperBound...].drop { $0 != "/" })
        }
        text = String(text.prefix { $0 != "?" && $0 != "#" })
        for _ in 0..<4 {
            text = text.removingPercentEncoding ?? text.replacing("%2e", with: ".").replacing("%2f", with: "/")
            text = text.replacing("\\", with: "/").replacing("%c0%af", with: "/").replacing("%C0%AF", with: "/")
        }
        var segments: [Substring] = []
        for segment in text.split(separator: "/") {
            switch segment.prefix(while: { $0 != ";" && $0 != "\0" }) {
            case ".", "": continue
            case "..": _ = segments.popLast()
            case let other: segments.append(other)
            }
        }
        return segments.first?.lowercased() ?? ""
    }

    /// The target in the request line that the server behind the proxy got; without one, in that of the client.
    var target: String {
        let line = upstream?.requestLine ?? String(raw.prefix { $0 != "\r" && $0 != "\r\n" })
        let parts = line.split(separator: " ", omittingEmptySubsequences: false)
        return parts.count > 1 ? parts[1...].dropLast().joined(separator: " ") : ""
    }
}

extension HTTPRequest {
    /// The request that a proxy sent, as an HTTP/1.1 server reads it.
    init?(_ asked: Capture.Asked) {
        let parts = (asked.requestLine ?? "").split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 3, let method = Method(String(parts[0])) else { return nil }
        var fields = HTTPFields()
        var host: String?
        for field in asked.headers ?? [] {
            // A parser refuses such values.
            if field[1].utf8.contains(0) { return nil }
            if field[0].lowercased() == "host", host == nil {
                host = field[1]
            } else if let name = HTTPField.Name(field[0]) {
                fields.append(HTTPField(name: name, value: field[1]))
            }
        }
        self.init(method: method, scheme: "http", authority: host, path: String(parts[1]), headerFields: fields)
    }
}
