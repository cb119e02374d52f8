// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// Several byte strings one after the other, so that one pointer serves all when they are passed to C.
package struct JoinedBytes: Sendable {
    private var bytes: [UInt8] = []
    private var ends: [Int] = []

    package init() {}

    package mutating func append(_ part: some Collection<UInt8>) {
        bytes += part
        ends.append(bytes.count)
    }

    /// Calls `body` with a function that returns each part by its position; its buffers are valid only during `body`.
    package func withParts<Result>(_ body: ((Int) -> UnsafeRawBufferPointer) -> Result) -> Result {
        unsafe bytes.withUnsafeBytes { bytes in
            unsafe body { index in
                let start = index == 0 ? 0 : ends[index - 1]
                return unsafe UnsafeRawBufferPointer(rebasing: bytes[start..<ends[index]])
            }
        }
    }
}
