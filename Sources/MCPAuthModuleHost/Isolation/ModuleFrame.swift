// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthJSON

/// A message between this process and the process of a module.
///
/// On the wire: its length in bytes without this number, the kind, the count of numbers and of texts, the numbers, the
/// lengths of the texts, the texts. All numbers are little-endian; lengths and counts have 4 bytes, others 8.
struct ModuleFrame: Sendable, Equatable {
    enum Kind: UInt8, Sendable {
        // To the module's process.
        case load = 1
        case validate
        case create
        case verify
        case cancel
        case transform
        case fetched
        // From it.
        case loaded = 65
        case refused
        case validated
        case created
        case verdict
        case fault
        case transformed
        case log
        case count
        case fetch
    }

    let kind: Kind
    var numbers: [Int64] = []
    var texts: JoinedBytes

    init(_ kind: Kind, _ numbers: [Int64] = [], _ texts: [[UInt8]] = []) {
        self.init(kind, numbers, joined: JoinedBytes(texts))
    }

    init(_ kind: Kind, _ numbers: [Int64], joined texts: JoinedBytes) {
        self.kind = kind
        self.numbers = numbers
        self.texts = texts
    }

    /// The version of the frames.
    ///
    /// The two programs are built together, but one of them may be replaced while the other
    /// runs.
    static let version: Int64 = 1

    /// The maximum bytes of a frame, without the number before it.
    static let mostBytes = 4 * 1024 * 1024

    /// As it is sent.
    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(13 + numbers.count * 8 + texts.count * 4 + texts.bytes.count)
        func add(_ number: some FixedWidthInteger) {
            unsafe withUnsafeBytes(of: number.littleEndian) { unsafe bytes.append(contentsOf: $0) }
        }
        add(UInt32(0))
        bytes.append(kind.rawValue)
        add(UInt32(numbers.count))
        add(UInt32(texts.count))
        for number in numbers { add(number) }
        for index in 0..<texts.count { add(UInt32(texts.length(index))) }
        bytes += texts.bytes
        let length = UInt32(bytes.count - 4).littleEndian
        for index in 0..<4 { bytes[index] = UInt8(truncatingIfNeeded: length >> (8 * index)) }
        return bytes
    }

    /// Decodes what follows the length; `nil` if it is not a frame.
    init?(decoding bytes: ArraySlice<UInt8>) {
        var rest = Rest(bytes: bytes)
        guard let kind = rest.bytes.popFirst().flatMap(Kind.init), let numberCount = rest.count(),
            let textCount = rest.count(), rest.bytes.count / 8 >= numberCount
        else { return nil }
        let numbers = (0..<numberCount).map { _ in rest.number(8) }
        guard rest.bytes.count / 4 >= textCount else { return nil }
        let lengths = (0..<textCount).map { _ in Int(rest.number(4)) }
        guard let texts = JoinedBytes(splitting: rest.bytes, lengths: lengths) else { return nil }
        self.init(kind, numbers, joined: texts)
    }

    private struct Rest {
        var bytes: ArraySlice<UInt8>

        mutating func take(_ count: Int) -> ArraySlice<UInt8> {
            defer { bytes = bytes.dropFirst(count) }
            return bytes.prefix(count)
        }

        /// A number of so many bytes, which must be there.
        mutating func number(_ count: Int) -> Int64 {
            take(count).reversed().reduce(0) { $0 << 8 | Int64($1) }
        }

        mutating func count() -> Int? { bytes.count < 4 ? nil : Int(number(4)) }
    }

    /// The number at this position; `nil` if there are fewer.
    func number(_ index: Int) -> Int64? { numbers.indices.contains(index) ? numbers[index] : nil }

    /// The text at this position; `nil` if there are fewer.
    func bytes(_ index: Int) -> [UInt8]? { (0..<texts.count).contains(index) ? texts[index] : nil }

    /// The same as a text; `nil` also if it is longer than a text of a module may be.
    ///
    /// A text was cut off to ``ModuleHostTable/maximumText`` bytes; what was not UTF-8 takes up to three bytes each.
    func boundedText(_ index: Int) -> String? {
        guard let bytes = bytes(index), bytes.count <= 3 * ModuleHostTable.maximumText else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Why the process refused something, cut off to a length that can be shown.
    var refusal: String { String(decoding: (bytes(0) ?? []).prefix(8 * ModuleHostTable.maximumText), as: UTF8.self) }

    func text(_ index: Int) -> String? { bytes(index).map { String(decoding: $0, as: UTF8.self) } }
}

extension String {
    var utf8Bytes: [UInt8] { Array(utf8) }
}
