// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

// Every token is searched and compared; the C library does this with vector instructions.

extension [UInt8] {
    /// The index of the first occurrence of `byte` at or after `start`.
    package func index(of byte: UInt8, from start: Int) -> Int? {
        unsafe withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, start < bytes.count else { return nil }
            let found = unsafe memchr(base + start, Int32(byte), bytes.count - start)
            return unsafe found.map { unsafe UnsafeRawPointer($0) - base }
        }
    }
}

extension ArraySlice<UInt8> {
    /// Whether both contain the same bytes.
    ///
    /// The comparison is not constant-time, so it must not be used for secrets.
    package func isExactly(_ other: [UInt8]) -> Bool {
        guard count == other.count else { return false }
        return unsafe withUnsafeBytes { left in
            unsafe other.withUnsafeBytes { unsafe $0.isExactly(left) }
        }
    }
}

extension UnsafeRawBufferPointer {
    /// Whether both contain the same bytes; they must have the same length.
    fileprivate func isExactly(_ other: UnsafeRawBufferPointer) -> Bool {
        guard let first = baseAddress, let second = other.baseAddress else { return true }
        return unsafe memcmp(first, second, count) == 0
    }
}

extension String {
    /// Whether both have the same UTF-8 bytes.
    package func isExactly(_ other: String) -> Bool {
        let isSame = unsafe other.utf8.withContiguousStorageIfAvailable { unsafe isExactly(UnsafeRawBufferPointer($0)) }
        return isSame ?? utf8.elementsEqual(other.utf8)
    }

    /// Whether the UTF-8 of this string is exactly `bytes`.
    func isExactly(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard utf8.count == bytes.count else { return false }
        let isSame = unsafe utf8.withContiguousStorageIfAvailable { unsafe UnsafeRawBufferPointer($0).isExactly(bytes) }
        return unsafe isSame ?? utf8.elementsEqual(bytes)
    }
}
