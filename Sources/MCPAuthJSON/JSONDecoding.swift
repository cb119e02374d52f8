// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Decodes a ``JSON`` value as a `Decodable` type, by the default rules of Foundation's `JSONDecoder`.
///
/// A number is decoded as an integer only if it is a whole number. A value that cannot be represented is corrupted
/// data, never `nil` or a default.
struct JSONDecoding: Decoder {
    private let value: JSON
    let codingPath: [any CodingKey]
    let userInfo: [CodingUserInfoKey: Any] = [:]

    init(_ value: JSON, at codingPath: [any CodingKey] = []) {
        self.value = value
        self.codingPath = codingPath
    }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        // A value that is requested as `JSON` is returned unchanged.
        if let json = value as? Value, Value.self == JSON.self { return json }
        return try Value(from: self)
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case .object(let members) = value else { throw mismatch([String: JSON].self) }
        return KeyedDecodingContainer(Members(members: members, codingPath: codingPath))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .array(let elements) = value else { throw mismatch([JSON].self) }
        return Elements(elements: elements, codingPath: codingPath)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { self }

    private func mismatch(_ type: Any.Type) -> DecodingError {
        switch value {
        case .null: .valueNotFound(type, context("expected \(type), found null"))
        case .unrepresentable: .dataCorrupted(context("a value that cannot be represented"))
        default: .typeMismatch(type, context("expected \(type), found \(kind)"))
        }
    }

    private func context(_ what: String) -> DecodingError.Context {
        DecodingError.Context(codingPath: codingPath, debugDescription: what)
    }

    /// The kind in words; never the value, which may come from a token.
    private var kind: String {
        switch value {
        case .null: "null"
        case .boolean: "a boolean"
        case .integer, .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        case .unrepresentable: "a value that cannot be represented"
        }
    }
}

extension JSONDecoding: SingleValueDecodingContainer {
    func decodeNil() -> Bool { value == .null }

    func decode(_ type: Bool.Type) throws -> Bool {
        guard case .boolean(let boolean) = value else { throw mismatch(type) }
        return boolean
    }

    func decode(_ type: String.Type) throws -> String {
        guard case .string(let text) = value else { throw mismatch(type) }
        return text
    }

    func decode(_ type: Double.Type) throws -> Double {
        guard let number = value.double else { throw mismatch(type) }
        return number
    }

    func decode(_ type: Float.Type) throws -> Float { Float(try decode(Double.self)) }
    func decode(_ type: Int.Type) throws -> Int { try integer() }
    func decode(_ type: Int8.Type) throws -> Int8 { try integer() }
    func decode(_ type: Int16.Type) throws -> Int16 { try integer() }
    func decode(_ type: Int32.Type) throws -> Int32 { try integer() }
    func decode(_ type: Int64.Type) throws -> Int64 { try integer() }
    func decode(_ type: UInt.Type) throws -> UInt { try integer() }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try integer() }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try integer() }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try integer() }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try integer() }

    private func integer<Integer: FixedWidthInteger>() throws -> Integer {
        let integer: Integer?
        switch value {
        case .integer(let number): integer = Integer(exactly: number)
        case .number(let number): integer = Integer(exactly: number)
        default: throw mismatch(Integer.self)
        }
        guard let integer else { throw DecodingError.dataCorrupted(context("the number does not fit \(Integer.self)")) }
        return integer
    }
}

extension JSONDecoding {
    private struct Index: CodingKey {
        let intValue: Int?
        let stringValue: String

        init(_ index: Int) {
            intValue = index
            stringValue = "Index \(index)"
        }

        init?(intValue: Int) { self.init(intValue) }
        init?(stringValue: String) { nil }
    }

    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    private struct Members<Key: CodingKey>: KeyedDecodingContainerProtocol {
        let members: [String: JSON]
        let codingPath: [any CodingKey]

        var allKeys: [Key] { members.keys.compactMap(Key.init(stringValue:)) }

        func contains(_ key: Key) -> Bool { members[key.stringValue] != nil }
        func decodeNil(forKey key: Key) throws -> Bool { try value(key).decodeNil() }
        func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
            try value(key).decode(type)
        }

        func nestedContainer<NestedKey: CodingKey>(
            keyedBy type: NestedKey.Type,
            forKey key: Key
        ) throws -> KeyedDecodingContainer<NestedKey> {
            try value(key).container(keyedBy: type)
        }

        func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
            try value(key).unkeyedContainer()
        }

        func superDecoder() throws -> any Decoder { decoder(Name(stringValue: "super")) }
        func superDecoder(forKey key: Key) throws -> any Decoder { decoder(key) }

        private func decoder(_ key: any CodingKey) -> JSONDecoding {
            JSONDecoding(members[key.stringValue] ?? .null, at: codingPath + [key])
        }

        private func value(_ key: Key) throws -> JSONDecoding {
            guard let member = members[key.stringValue] else {
                let context = DecodingError.Context(codingPath: codingPath, debugDescription: "no such member")
                throw DecodingError.keyNotFound(key, context)
            }
            return JSONDecoding(member, at: codingPath + [key])
        }
    }

    private struct Elements: UnkeyedDecodingContainer {
        let elements: [JSON]
        let codingPath: [any CodingKey]
        var currentIndex = 0

        var count: Int? { elements.count }
        var isAtEnd: Bool { currentIndex >= elements.count }

        mutating func decodeNil() throws -> Bool {
            guard !isAtEnd, elements[currentIndex] == .null else { return false }
            currentIndex += 1
            return true
        }

        mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value { try next { try $0.decode(type) } }

        mutating func nestedContainer<NestedKey: CodingKey>(
            keyedBy type: NestedKey.Type
        ) throws -> KeyedDecodingContainer<NestedKey> {
            try next { try $0.container(keyedBy: type) }
        }

        mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
            try next { try $0.unkeyedContainer() }
        }

        mutating func superDecoder() throws -> any Decoder { try next { $0 } }

        /// Advances only after the element was read.
        private mutating func next<Value>(_ read: (JSONDecoding) throws -> Value) throws -> Value {
            let path = codingPath + [Index(currentIndex)]
            guard !isAtEnd else {
                let context = DecodingError.Context(codingPath: path, debugDescription: "there are no more elements")
                throw DecodingError.valueNotFound(Value.self, context)
            }
            let value = try read(JSONDecoding(elements[currentIndex], at: path))
            currentIndex += 1
            return value
        }
    }
}

extension JSON: Codable {
    /// Decodes any JSON value.
    ///
    /// With a decoder other than that of ``decode(_:)``, a whole number such as `1.0` may become an integer.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSON].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSON].self))
        }
    }

    /// Encodes the value; a value that cannot be represented is encoded as `null`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null, .unrepresentable: try container.encodeNil()
        case .boolean(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let elements): try container.encode(elements)
        case .object(let members): try container.encode(members)
        }
    }
}
