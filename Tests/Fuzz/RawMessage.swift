// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes

/// An input, read as an HTTP request.
struct RawMessage {
    private let start: [ArraySlice<UInt8>]
    private let fields: [(name: String, value: ArraySlice<UInt8>)]
    let body: [UInt8]

    init(_ input: [UInt8]) {
        var lines: [ArraySlice<UInt8>] = []
        var rest = input[...]
        while !rest.isEmpty {
            let line = rest.prefix { $0 != 0x0A }
            rest = rest.dropFirst(line.count + 1)
            if line.isEmpty { break }
            lines.append(line)
        }
        start = lines.first?.split(separator: 0x20, maxSplits: 1) ?? []
        fields = lines.dropFirst().map { line in
            let name = line.prefix { $0 != UInt8(ascii: ":") }
            return (String(decoding: name, as: UTF8.self), line.dropFirst(name.count + 1).drop { $0 == 0x20 })
        }
        body = Array(rest)
    }

    /// The values without changes, even those that a host would refuse.
    func values(of name: String) -> [String] {
        fields.filter { $0.name.lowercased() == name }.map { String(decoding: $0.value, as: UTF8.self) }
    }

    /// The request for an authority; `nil` when the method is not valid.
    func request(authority: String? = "h.example") -> HTTPRequest? {
        guard let name = start.first, let method = HTTPRequest.Method(String(decoding: name, as: UTF8.self)) else {
            return nil
        }
        let target = start.count > 1 ? String(decoding: start[1], as: UTF8.self) : nil
        var request = HTTPRequest(method: method, scheme: "https", authority: authority, path: target)
        for field in fields {
            guard let name = HTTPField.Name(field.name) else { continue }
            request.headerFields.append(HTTPField(name: name, value: Array(field.value)))
        }
        return request
    }
}
