// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Reads the records of one FastCGI request to an authorizer (FastCGI 1.0, sections 3 and 6.3).
package struct FastCGIRequest: Sendable {
    /// What was received is not such a request, or is too long.
    package struct Malformed: Error {}

    /// The parameters of a request, in the order in which they were sent.
    package struct Parameters: Sendable {
        /// The number of the request on its connection.
        package let id: UInt16
        package let list: [(name: String, value: String)]
    }

    /// The maximum length of the parameters, in bytes.
    private static let mostBytes = 128 * 1024
    private static let (beginRequest, abortRequest, parameters): (UInt8, UInt8, UInt8) = (1, 2, 4)
    private static let authorizer: UInt16 = 2

    private var received: [UInt8] = []
    private var id: UInt16?
    private var text: [UInt8] = []

    package init() {}

    /// Takes what was received; returns the parameters when all are there.
    package mutating func take(_ bytes: some Sequence<UInt8>) throws(Malformed) -> Parameters? {
        received += bytes
        var start = 0
        defer { received.removeFirst(start) }
        while received.count - start >= 8 {
            let header = received[start..<(start + 8)]
            let first = header.startIndex
            let length = Int(header[first + 4]) << 8 | Int(header[first + 5])
            let end = start + 8 + length + Int(header[first + 6])
            guard header[first] == 1 else { throw Malformed() }
            guard received.count >= end else { break }
            let record = (kind: header[first + 1], id: UInt16(header[first + 2]) << 8 | UInt16(header[first + 3]))
            let content = received[(start + 8)..<(start + 8 + length)]
            start = end
            if let complete = try take(record.kind, record.id, content) { return complete }
        }
        guard received.count - start <= Self.mostBytes else { throw Malformed() }
        return nil
    }

    private mutating func take(
        _ kind: UInt8,
        _ number: UInt16,
        _ content: ArraySlice<UInt8>
    ) throws(Malformed) -> Parameters? {
        switch kind {
        case Self.beginRequest:
            guard id == nil, content.count == 8, number > 0 else { throw Malformed() }
            let role = UInt16(content[content.startIndex]) << 8 | UInt16(content[content.startIndex + 1])
            guard role == Self.authorizer else { throw Malformed() }
            id = number
        case Self.parameters:
            guard let id, id == number else { throw Malformed() }
            if content.isEmpty { return Parameters(id: id, list: try Self.pairs(text[...])) }
            text += content
            guard text.count <= Self.mostBytes else { throw Malformed() }
        case Self.abortRequest: throw Malformed()
        default: break
        }
        return nil
    }

    private static func pairs(_ text: ArraySlice<UInt8>) throws(Malformed) -> [(name: String, value: String)] {
        var rest = text
        var pairs: [(name: String, value: String)] = []
        while !rest.isEmpty {
            let (nameLength, valueLength) = (try length(&rest), try length(&rest))
            guard nameLength + valueLength <= rest.count else { throw Malformed() }
            let name = rest.prefix(nameLength)
            let value = rest.dropFirst(nameLength).prefix(valueLength)
            rest = rest.dropFirst(nameLength + valueLength)
            pairs.append((String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self)))
        }
        return pairs
    }

    /// A length of one byte, or of four with the highest bit set (section 3.4).
    private static func length(_ rest: inout ArraySlice<UInt8>) throws(Malformed) -> Int {
        guard let first = rest.popFirst() else { throw Malformed() }
        guard first >= 0x80 else { return Int(first) }
        guard rest.count >= 3 else { throw Malformed() }
        let others = rest.prefix(3)
        rest = rest.dropFirst(3)
        return others.reduce(Int(first & 0x7F)) { $0 << 8 | Int($1) }
    }

    /// The records of a response, which ends the request.
    ///
    /// - Parameter text: The fields, an empty line, and the body, as in CGI.
    package static func response(_ text: [UInt8], to id: UInt16) -> [UInt8] {
        let (output, endRequest): (UInt8, UInt8) = (6, 3)
        var bytes: [UInt8] = []
        func record(_ kind: UInt8, _ content: some Collection<UInt8>) {
            bytes += [
                1, kind, UInt8(id >> 8), UInt8(id & 0xFF), UInt8(content.count >> 8), UInt8(content.count & 0xFF), 0, 0,
            ]
            bytes += content
        }
        var rest = text[...]
        while !rest.isEmpty {
            record(output, rest.prefix(0xFFFF))
            rest = rest.dropFirst(0xFFFF)
        }
        record(output, [])
        record(endRequest, [UInt8](repeating: 0, count: 8))
        return bytes
    }
}
