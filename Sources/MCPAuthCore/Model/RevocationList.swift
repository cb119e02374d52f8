// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthJSON
internal import MCPAuthLock
internal import Synchronization

/// Tokens that this resource server refuses although their issuer does not: a local revocation list.
public struct RevocationList: Sendable, Hashable {
    /// What one entry refuses: the tokens of an issuer for which everything that is said holds.
    public struct Entry: Sendable, Hashable {
        /// The issuer of the tokens.
        public var issuer: IssuerIdentifier
        /// Their `jti`.
        public var tokenID: String?
        /// Their subject, after the claim mapping of the issuer.
        public var subject: String?
        /// Their client, after the claim mapping of the issuer.
        public var clientID: String?
        /// They were issued before this time; a token that does not say when counts as such.
        public var issuedBefore: NumericDate?

        /// An entry that names the issuer alone refuses all of its tokens.
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

    /// Where an entry stands: the most telling of what it says.
    private enum Handle: Hashable {
        case token(IssuerIdentifier, hash: Int)
        case subject(IssuerIdentifier, String)
        case client(IssuerIdentifier, String)
        case issuer(IssuerIdentifier)
    }

    private let index: [Handle: [Entry]]

    /// How many entries there are.
    public let count: Int

    /// A list of these entries.
    public init(_ entries: [Entry] = []) {
        index = Dictionary(grouping: entries) { entry in
            if let tokenID = entry.tokenID {
                return .token(entry.issuer, hash: TokenFacts.hash(ofTokenID: tokenID))
            }
            if let subject = entry.subject { return .subject(entry.issuer, subject) }
            if let clientID = entry.clientID { return .client(entry.issuer, clientID) }
            return .issuer(entry.issuer)
        }
        count = entries.count
    }

    /// Whether an entry matches, in a time that does not grow with the list.
    package func denies(_ facts: TokenFacts) -> Bool {
        guard count > 0 else { return false }
        var handles = [Handle.issuer(facts.issuer)]
        if facts.tokenIDHash != 0 { handles.append(.token(facts.issuer, hash: facts.tokenIDHash)) }
        if let subject = facts.subject { handles.append(.subject(facts.issuer, subject)) }
        if let clientID = facts.clientID { handles.append(.client(facts.issuer, clientID)) }
        return handles.contains { index[$0]?.contains { $0.matches(facts) } ?? false }
    }
}

/// The revocation list that is in force, replaced as a whole.
package final class Revocations: Sendable {
    private let list: Lock<RevocationList>
    /// Most lists are empty most of the time, and then no thread waits for another.
    private let isEmpty: Atomic<Bool>
    /// What counts beside the list and outlives it.
    private let lasting: Revocations?

    /// - Parameter lasting: Revocations that count beside this list, and that later configurations share.
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

    /// Whether the list in force denies a token.
    package func deny(_ facts: TokenFacts) -> Bool {
        if lasting?.deny(facts) ?? false { return true }
        guard !isEmpty.load(ordering: .acquiring) else { return false }
        return list.withLock { $0 }.denies(facts)
    }
}
