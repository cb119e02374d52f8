// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CProcessor

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// The processors of this machine, for what each of them should have of its own.
///
/// Only a hint: a thread may move to another processor at any time.
package enum Processor {
    /// How many there are, at most 64.
    package static let count = min(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))), 64)

    /// The one that this thread runs on, from 0 to ``count`` without it.
    ///
    /// Always 0 where it cannot be told.
    package static var current: Int {
        max(0, Int(mcp_current_processor())) % count
    }
}
