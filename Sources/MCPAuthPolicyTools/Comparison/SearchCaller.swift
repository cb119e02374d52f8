// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON
internal import MCPAuthPolicy

/// A kind of caller that rules tell apart: without a token, or with a token of an issuer, a subject and a client.
struct SearchCaller {
    /// `iss`, `sub` and `client_id`.
    let claims: [String: JSON]
    /// `nil` without a token.
    let authInfo: AuthInfo?
    /// Whether each rule is for the caller, by the number of the rule.
    let isFor: [Int: Truth]

    static let claimNames: Set<String> = ["iss", "sub", "client_id"]

    private static let mostCallers = 5000

    /// The callers that these rules tell apart, one without a token first.
    ///
    /// - Parameter texts: The texts that conditions compare with a claim.
    /// - Returns: `nil` for too many.
    static func all(
        for uses: [SearchValues.Use],
        at resource: ResourceIdentifier,
        texts: (String) -> [String]
    ) -> [SearchCaller]? {
        let rules = uses.map(\.rule)
        let issuers =
            (rules.flatMap { ($0.issuers ?? []).map(\.text) }.sorted() + texts("iss") + ["https://x.example"])
            .filter { !$0.isEmpty }.uniqued
        let clients: [String?] =
            (rules.flatMap { ($0.clientIDs ?? []).map(\.text) }.sorted() + texts("client_id") + ["client-x"])
            .uniqued
            + [nil]
        let subjects = (texts("sub") + ["user-x"]).uniqued
        guard issuers.count * clients.count * (subjects.count + 2) <= mostCallers else { return nil }
        var seen = Set<[Truth]>()
        var callers = [SearchCaller(claims: [:], authInfo: nil, isFor: [:])]
        // Conditions on these claims tell callers apart too, and not only by their kind.
        let readsClaims = rules.contains { rule in
            (rule.condition?.references ?? []).contains { claimNames.contains($0.claim?.tokens.first ?? "") }
        }
        for issuer in issuers {
            for client in clients {
                for subject in subjects.map(Optional.some) + [client, nil].uniqued {
                    var claims: [String: JSON] = ["iss": .string(issuer)]
                    claims["sub"] = subject.map(JSON.string)
                    claims["client_id"] = client.map(JSON.string)
                    let caller = SearchCaller(claims, uses, resource)
                    let truths = uses.map { caller.isFor[$0.number] ?? .unknown }
                    if seen.insert(truths).inserted || readsClaims { callers.append(caller) }
                }
            }
        }
        return callers
    }

    private init(claims: [String: JSON], authInfo: AuthInfo?, isFor: [Int: Truth]) {
        self.claims = claims
        self.authInfo = authInfo
        self.isFor = isFor
    }

    private init(_ claims: [String: JSON], _ uses: [SearchValues.Use], _ resource: ResourceIdentifier) {
        let authInfo = AuthInfo.assumed(.object(claims), at: resource)
        var isFor: [Int: Truth] = [:]
        for use in uses { isFor[use.number] = use.rule.isFor(authInfo) }
        self.init(claims: claims, authInfo: authInfo, isFor: isFor)
    }
}
