// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// State that several threads share, behind one mutex.
///
/// The closure must not suspend and must not take another lock. Public, though no product offers it: a generic function
/// of another module is specialised only then.
public final class Lock<State>: Sendable {
    @usableFromInline let shards: ShardedLock<State>

    /// Puts the state behind a mutex.
    public init(_ state: sending State) {
        shards = ShardedLock(count: 1) { state }
    }

    /// Reaches the state.
    @inlinable
    public func withLock<Result, Failure: Error>(
        _ body: (inout State) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try shards.withLock(shard: 0, body)
    }
}
