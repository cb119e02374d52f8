// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON

/// How the user must have signed in for a rule to apply (RFC 9470): `acr` and `max_age_seconds`.
struct SignInDemand: Sendable {
    /// One of these, in order of preference; `nil` for any.
    let acrValues: [String]?
    /// In seconds.
    let maxAge: Int?

    /// An `auth_time` further in the future than this many seconds is no sign-in.
    private static let tolerance = 60.0

    /// Whether the token says of such a sign-in; what it does not say was not done.
    func isMet(by claims: ClaimsView, now: NumericDate) -> Bool {
        if let acrValues {
            guard let acr = claims.claim(at: Self.acr)?.text, acrValues.contains(where: acr.isExactly) else {
                return false
            }
        }
        if let maxAge {
            guard let time = claims.claim(at: Self.authTime)?.number else { return false }
            let age = now.secondsSinceEpoch - time
            guard age <= Double(maxAge), age >= -Self.tolerance else { return false }
        }
        return true
    }

    private static let acr = JSONPointer(tokens: ["acr"])
    private static let authTime = JSONPointer(tokens: ["auth_time"])

    /// One sign-in that meets all of these; `nil` when none can.
    static func requirement(_ demands: [SignInDemand]) -> AuthenticationRequirement? {
        let lists = demands.compactMap(\.acrValues)
        let common = (lists.first ?? []).filter { value in lists.allSatisfy { $0.contains(value) } }
        guard lists.isEmpty || !common.isEmpty else { return nil }
        return AuthenticationRequirement(acrValues: common, maxAge: demands.compactMap(\.maxAge).min())
    }

    /// Reads the members of a rule; `nil` when it has neither.
    static func read(_ object: ObjectReader, for effect: Effect?) throws(ConfigurationError) -> SignInDemand? {
        let acrValues = try object.strings("acr")
        let maxAge = try object.integer("max_age_seconds", in: 0...Int64(Int32.max))
        guard acrValues != nil || maxAge != nil else { return nil }
        let key = acrValues == nil ? "max_age_seconds" : "acr"
        guard effect != .deny else {
            throw object.error(.conflict, "a deny rule demands no sign-in; write a require rule", at: key)
        }
        // The values stand in a quoted, space-delimited list of the challenge.
        guard acrValues?.allSatisfy(ScopeSet.isScopeToken) ?? true, acrValues?.isEmpty != true else {
            throw object.error(.invalidValue, "`acr` must be a list of values without space, `\"` or `\\`", at: "acr")
        }
        return SignInDemand(acrValues: acrValues, maxAge: maxAge.map(Int.init))
    }
}
