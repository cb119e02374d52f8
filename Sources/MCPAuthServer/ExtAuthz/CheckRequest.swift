// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import HTTPTypes
internal import MCPAuthCore

/// What Envoy asks with: `envoy.service.auth.v3.CheckRequest`, as far as it is needed.
///
/// Only `attributes.request.http` describes the client's request. Fields such as `x-forwarded-uri` come from the client
/// and mean nothing.
package struct CheckRequest: Sendable {
    var method = ""
    var path = ""
    var host = ""
    /// Names in lower case.
    ///
    /// Several fields with one name are joined with a comma, unless Envoy has `encode_raw_headers`.
    var headers: [(name: String, value: String)] = []
    var body: [UInt8] = []

    /// Reads the message; unknown fields are ignored.
    package init(_ bytes: [UInt8]) throws {
        for attributes in try Self.messages(1, in: bytes[...]) {
            for request in try Self.messages(4, in: attributes) {
                for http in try Self.messages(2, in: request) { try readHTTP(http) }
            }
        }
    }

    private static func messages(_ wanted: Int, in bytes: ArraySlice<UInt8>) throws -> [ArraySlice<UInt8>] {
        var reader = ProtobufReader(bytes)
        var found: [ArraySlice<UInt8>] = []
        while let (field, value) = try reader.next() {
            if field == wanted, case .bytes(let bytes) = value { found.append(bytes) }
        }
        return found
    }

    private mutating func readHTTP(_ bytes: ArraySlice<UInt8>) throws {
        var reader = ProtobufReader(bytes)
        while let (field, value) = try reader.next() {
            guard case .bytes(let bytes) = value else { continue }
            switch field {
            case 2: method = Self.text(bytes)
            case 3: try readHeader(bytes, valueFields: [2])
            case 4: path = Self.text(bytes)
            case 5: host = Self.text(bytes)
            case 11, 12: if !bytes.isEmpty { body = Array(bytes) }
            case 13: for header in try Self.messages(1, in: bytes) { try readHeader(header, valueFields: [2, 3]) }
            default: continue
            }
        }
    }

    /// Reads an entry of the map, or a `HeaderValue`, whose value may be raw.
    private mutating func readHeader(_ bytes: ArraySlice<UInt8>, valueFields: [Int]) throws {
        var reader = ProtobufReader(bytes)
        var (name, text) = ("", "")
        while let (field, value) = try reader.next() {
            guard case .bytes(let bytes) = value else { continue }
            if field == 1 { name = Self.text(bytes) }
            if valueFields.contains(field), !bytes.isEmpty { text = Self.text(bytes) }
        }
        headers.append((name, text))
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes, as: UTF8.self)
    }

    /// The request of the client.
    func clientRequest() -> Checked<HTTPRequest> {
        var fields = HTTPFields()
        for (name, value) in headers where !name.hasPrefix(":") {
            guard let name = HTTPField.Name(name), HTTPField.isValidValue(value) else {
                let subject = "a field of the client"
                return .denied(ForwardAuthDialect.unreadable(subject, expected: "a valid field", found: "another text"))
            }
            fields.append(HTTPField(name: name, value: value))
        }
        return ForwardAuthDialect.request(
            method,
            path,
            host,
            Self.separation.separate(fields).client
        )
    }

    private static let separation = FieldSeparation(own: [ProxyFields.envoyPartialBody])

    /// Whether the whole body was sent.
    var hasWholeBody: Bool {
        let values = headers.filter { $0.name == "x-envoy-auth-partial-body" }
        return values.count == 1 && values[0].value == "false"
    }
}
