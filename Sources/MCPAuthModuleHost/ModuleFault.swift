// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

/// A violation of the module interface, or the reason why a module gave no verdict.
///
/// Each has one sentence for logs, which `Plugins/README.md` lists. It never contains text that the module returned.
enum ModuleFault: Error, Hashable, Sendable, CustomStringConvertible {
    case shortVerdict
    case emptyVerdict
    case unknownVerdict(Int32)
    case longClaims
    case invalidClaims
    case otherClaims
    case otherIssuer
    case noExpiry
    case invalidDate
    case negativeEnd
    case noCaller
    case noAnswerInTime(seconds: Double)
    case tooManyCalls
    case noThread
    case givenClaims(Int)
    case longTransformedClaims
    case transformedClaims

    /// The rest of a sentence that begins with the module's name.
    var description: String {
        switch self {
        case .shortVerdict: "gave a verdict that is shorter than that of version 1.0: `struct_size` is too small"
        case .emptyVerdict: "gave the verdict NONE (0), which decides nothing"
        case .unknownVerdict(let kind): "gave a verdict that does not exist: \(kind)"
        case .longClaims: "accepted a token with claims of more than \(ModuleHostTable.maximumClaims) bytes"
        case .invalidClaims: "accepted a token with claims that are not valid JSON, or that have a name twice"
        case .otherClaims: "accepted a token with claims that are not a JSON object"
        case .otherIssuer: "accepted a token with an `iss` that is not the configured `issuer`"
        case .noExpiry: "accepted a token without an expiry: neither `exp` in the claims nor `not_after_unix_s`"
        case .invalidDate: "accepted a token with an `exp`, `nbf` or `iat` that is not a number"
        case .negativeEnd: "accepted a token with a `not_after_unix_s` below 0"
        case .noCaller: "accepted a token without a subject (`sub`) or client (`client_id`) that is a non-empty string"
        case .noAnswerInTime(let seconds): "did not answer within \(seconds.asWritten) seconds"
        case .tooManyCalls: "has too many calls without a verdict"
        case .noThread: "cannot be called: the system cannot create another thread"
        case .givenClaims(let count): "called `give` \(count) times for one token, expected once"
        case .longTransformedClaims: "gave claims of more than \(ModuleHostTable.maximumClaims) bytes"
        case .transformedClaims: "gave claims that are not a JSON object without duplicate names"
        }
    }
}
