// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import CProcessor

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// The processors of this machine, for data that is kept per processor.
///
/// Only a hint: a thread may move to another processor at any time.
package enum Processor {
    /// The number of online processors, at most 64.
    package static let count = min(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))), 64)

    /// The index of the processor that runs this thread, from 0 up to but not including ``count``.
    ///
    /// Always 0 on systems where it is unknown.
    package static var current: Int {
        max(0, Int(mcp_current_processor())) % count
    }
}
