// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Several byte strings one after the other, so that one pointer serves all when they are passed to C.
package struct JoinedBytes: Sendable, Equatable {
    /// All parts, one after the other.
    package private(set) var bytes: [UInt8] = []
    private var ends: [Int] = []

    package init() {}

    package init(_ parts: [[UInt8]]) {
        for part in parts { append(part) }
    }

    /// Splits bytes into parts of these lengths; `nil` if the lengths are not those of all bytes.
    package init?(splitting bytes: ArraySlice<UInt8>, lengths: [Int]) {
        ends.reserveCapacity(lengths.count)
        var end = 0
        for length in lengths {
            guard length >= 0, length <= bytes.count - end else { return nil }
            end += length
            ends.append(end)
        }
        guard end == bytes.count else { return nil }
        self.bytes = Array(bytes)
    }

    package var count: Int { ends.count }

    private func range(_ index: Int) -> Range<Int> { (index == 0 ? 0 : ends[index - 1])..<ends[index] }

    package func length(_ index: Int) -> Int { range(index).count }

    /// A copy of a part.
    package subscript(_ index: Int) -> [UInt8] { Array(bytes[range(index)]) }

    package mutating func append(_ part: some Collection<UInt8>) {
        bytes += part
        ends.append(bytes.count)
    }

    /// Calls `body` with a function that returns each part by its position; its buffers are valid only during `body`.
    package func withParts<Result>(_ body: ((Int) -> UnsafeRawBufferPointer) -> Result) -> Result {
        unsafe bytes.withUnsafeBytes { bytes in
            unsafe body { index in
                unsafe UnsafeRawBufferPointer(rebasing: bytes[range(index)])
            }
        }
    }
}
