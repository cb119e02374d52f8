// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthConcurrency
internal import MCPAuthJSON
internal import Synchronization

/// A local revocation list: the tokens that this resource server refuses although their issuer does not.
public struct RevocationList: Sendable, Hashable {
    /// An entry of the list: it refuses the tokens of an issuer that match all properties of the entry that are not
    /// `nil`.
    public struct Entry: Sendable, Hashable {
        /// The issuer of the tokens.
        public var issuer: IssuerIdentifier
        /// The `jti` of the tokens.
        public var tokenID: String?
        /// The subject of the tokens, after the claim mapping of the issuer and all transformers.
        public var subject: String?
        /// The client of the tokens, after the claim mapping of the issuer and all transformers.
        public var clientID: String?
        /// Tokens that were issued before this time match, and tokens without `iat`.
        public var issuedBefore: NumericDate?

        /// Creates an entry; an entry with only an issuer refuses all tokens of that issuer.
        public init(
            issuer: IssuerIdentifier,
            tokenID: String? = nil,
            subject: String? = nil,
            clientID: String? = nil,
            issuedBefore: NumericDate? = nil
        ) {
            self.issuer = issuer
            self.tokenID = tokenID
            self.subject = subject
            self.clientID = clientID
            self.issuedBefore = issuedBefore
        }

        fileprivate func matches(_ facts: TokenFacts) -> Bool {
            if let subject, facts.subject.map(subject.isExactly) != true { return false }
            if let clientID, facts.clientID.map(clientID.isExactly) != true { return false }
            if let issuedBefore, let issuedAt = facts.issuedAt, issuedAt >= issuedBefore { return false }
            if let tokenID, facts.tokenID.map(tokenID.isExactly) != true { return false }
            return true
        }
    }

    /// The key of an entry in the index: its most specific property.
    private enum Handle: Hashable {
        case token(IssuerIdentifier, hash: Int)
        case subject(IssuerIdentifier, String)
        case client(IssuerIdentifier, String)
        case issuer(IssuerIdentifier)
    }

    private var index: [Handle: [Entry]]

    /// The number of entries.
    public private(set) var count: Int

    /// Creates a list.
    public init(_ entries: [Entry] = []) {
        index = Dictionary(grouping: entries, by: Self.handle)
        count = entries.count
    }

    /// Adds an entry, unless the list has it.
    public mutating func insert(_ entry: Entry) {
        let handle = Self.handle(of: entry)
        guard !(index[handle]?.contains(entry) ?? false) else { return }
        index[handle, default: []].append(entry)
        count += 1
    }

    private static func handle(of entry: Entry) -> Handle {
        if let tokenID = entry.tokenID {
            return .token(entry.issuer, hash: TokenFacts.hash(ofTokenID: tokenID))
        }
        if let subject = entry.subject { return .subject(entry.issuer, subject) }
        if let clientID = entry.clientID { return .client(entry.issuer, clientID) }
        return .issuer(entry.issuer)
    }

    /// Whether an entry matches; only entries with the same key in the index are compared.
    package func denies(_ facts: TokenFacts) -> Bool {
        guard count > 0 else { return false }
        var handles = [Handle.issuer(facts.issuer)]
        if facts.tokenIDHash != 0 { handles.append(.token(facts.issuer, hash: facts.tokenIDHash)) }
        if let subject = facts.subject { handles.append(.subject(facts.issuer, subject)) }
        if let clientID = facts.clientID { handles.append(.client(facts.issuer, clientID)) }
        return handles.contains { index[$0]?.contains { $0.matches(facts) } ?? false }
    }
}

/// The revocation list in force; it is replaced as a whole.
package final class Revocations: Sendable {
    private let list: Lock<RevocationList>
    /// The usual case is an empty list, which then needs no lock.
    private let isEmpty: Atomic<Bool>
    /// Revocations that also count, and that remain when the list is replaced.
    private let lasting: Revocations?

    /// - Parameter lasting: Revocations that also count, and that later configuration snapshots share.
    package init(_ list: RevocationList = RevocationList(), beside lasting: Revocations? = nil) {
        self.lasting = lasting
        self.list = Lock(list)
        isEmpty = Atomic(list.count == 0)
    }

    package func replace(with list: RevocationList) {
        self.list.withLock { current in
            current = list
            isEmpty.store(list.count == 0, ordering: .releasing)
        }
    }

    /// Adds an entry to the list; returns the number of entries.
    package func insert(_ entry: RevocationList.Entry) -> Int {
        list.withLock { current in
            current.insert(entry)
            isEmpty.store(false, ordering: .releasing)
            return current.count
        }
    }

    /// Whether a revocation in force matches a token.
    package func deny(_ facts: TokenFacts) -> Bool {
        if lasting?.deny(facts) ?? false { return true }
        guard !isEmpty.load(ordering: .acquiring) else { return false }
        return list.withLock { $0 }.denies(facts)
    }
}
