// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthJSON

/// A value as a policy sees it: a view of the token's own document, or a value that was made from a claim, an argument
/// or a path.
///
/// Reading a view copies nothing, so a condition allocates no memory.
package enum PolicyValue: Sendable {
    case view(JSONView)
    case made(JSON)

    /// Compares with a scalar; `nil` if the types differ or the value is not a scalar.
    package func equals(_ constant: JSON) -> Bool? {
        switch (self, constant) {
        case (.view(let value), .string(let text)):
            value.kind == .string ? value.isString(text) : nil
        case (.view(let value), .boolean(let boolean)):
            value.boolean.map { $0 == boolean }
        case (.view(let value), .null):
            value.kind == .null ? true : nil
        case (.view(let value), .integer), (.view(let value), .number):
            value.kind == .number ? Self.isSameNumber(value.integer, value.number ?? .nan, constant) : nil
        case (.made(.string(let value)), .string(let text)):
            value.utf8.elementsEqual(text.utf8)
        case (.made(.boolean(let value)), .boolean(let boolean)):
            value == boolean
        case (.made(.null), .null):
            true
        case (.made(.integer(let value)), .integer), (.made(.integer(let value)), .number):
            Self.isSameNumber(value, Double(value), constant)
        case (.made(.number(let value)), .integer), (.made(.number(let value)), .number):
            Self.isSameNumber(nil, value, constant)
        default: nil
        }
    }

    /// Compares integers as integers, so that different large integers are not rounded to the same number.
    private static func isSameNumber(_ integer: Int64?, _ number: Double, _ constant: JSON) -> Bool {
        switch (integer, constant) {
        case (let integer?, .integer(let other)): integer == other
        case (let integer?, .number(let other)): Int64(exactly: other) == integer
        case (nil, .integer(let other)): Int64(exactly: number) == other
        case (nil, .number(let other)): number == other
        default: false
        }
    }

    /// The integer; `nil` for every other kind.
    package var integer: Int64? {
        switch self {
        case .view(let value): value.integer
        case .made(.integer(let value)): value
        case .made: nil
        }
    }

    /// The number, integer or not; `nil` for every other kind.
    package var number: Double? {
        switch self {
        case .view(let value): value.number
        case .made(let value): value.double
        }
    }

    /// The text; `nil` for every other kind.
    package var text: String? {
        switch self {
        case .view(let value): value.string
        case .made(let value): value.string
        }
    }

    /// Whether it is a string.
    package var isText: Bool {
        switch self {
        case .view(let value): value.kind == .string
        case .made(.string): true
        case .made: false
        }
    }

    /// Whether the value is present but cannot be represented.
    package var isUnrepresentable: Bool {
        switch self {
        case .view(let value): value.kind == .unrepresentable
        case .made(let value): value == .unrepresentable
        }
    }

    /// The number of elements of an array; `nil` for every other kind.
    package var elementCount: Int? {
        switch self {
        case .view(let value): value.kind == .array ? value.count : nil
        case .made(.array(let elements)): elements.count
        case .made: nil
        }
    }

    /// An element of an array; `nil` out of range.
    package func element(_ index: Int) -> PolicyValue? {
        switch self {
        case .view(let value): value[index].map(PolicyValue.view)
        case .made(.array(let elements)): elements.indices.contains(index) ? .made(elements[index]) : nil
        case .made: nil
        }
    }

    /// A copy of the value.
    package var json: JSON {
        switch self {
        case .view(let value): JSON(value)
        case .made(let value): value
        }
    }
}
