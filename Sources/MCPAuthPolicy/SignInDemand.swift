// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthCore
internal import MCPAuthJSON

/// The sign-in that a rule demands: `acr` and `max_age_seconds` (RFC 9470).
struct SignInDemand: Sendable {
    /// The accepted values of `acr`, in order of preference; `nil` for any.
    let acrValues: [String]?
    /// The maximum age of the sign-in in seconds; `nil` for any.
    let maxAge: Int?

    /// The number of seconds that `auth_time` may be in the future.
    private static let tolerance = 60.0

    /// Whether the claims `acr` and `auth_time` meet the demand; a missing claim does not.
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

    /// One sign-in that meets all of these demands; `nil` when none can.
    static func requirement(_ demands: [SignInDemand]) -> AuthenticationRequirement? {
        let lists = demands.compactMap(\.acrValues)
        let common = (lists.first ?? []).filter { value in lists.allSatisfy { $0.contains(value) } }
        guard lists.isEmpty || !common.isEmpty else { return nil }
        return AuthenticationRequirement(acrValues: common, maxAge: demands.compactMap(\.maxAge).min())
    }

    /// Reads `acr` and `max_age_seconds` of a rule; `nil` when it has neither.
    static func read(_ object: ObjectReader, for effect: Effect?) throws(ConfigurationError) -> SignInDemand? {
        let acrValues = try object.strings("acr")
        let maxAge = try object.integer("max_age_seconds", in: 0...Int64(Int32.max))
        guard acrValues != nil || maxAge != nil else { return nil }
        let key = acrValues == nil ? "max_age_seconds" : "acr"
        guard effect != .deny else {
            throw object.error(.conflict, "a deny rule cannot demand a sign-in; write a require rule", at: key)
        }
        // The challenge has the values in a quoted, space-delimited list.
        guard acrValues?.allSatisfy(ScopeSet.isScopeToken) ?? true, acrValues?.isEmpty != true else {
            throw object.error(.invalidValue, "`acr` must be a list of values without space, `\"` or `\\`", at: "acr")
        }
        return SignInDemand(acrValues: acrValues, maxAge: maxAge.map(Int.init))
    }
}
