// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// State that several threads share, protected by one mutex.
///
/// The closure must not suspend and must not take another lock. The type is public, though no product offers it,
/// because only then can other modules specialise its generic functions.
public final class Lock<State>: Sendable {
    @usableFromInline let shards: ShardedLock<State>

    /// Protects the state with a mutex.
    public init(_ state: sending State) {
        shards = ShardedLock(count: 1) { state }
    }

    /// Calls `body` with exclusive access to the state.
    @inlinable
    public func withLock<Result, Failure: Error>(
        _ body: (inout State) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try shards.withLock(shard: 0, body)
    }
}
