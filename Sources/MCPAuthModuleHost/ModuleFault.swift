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
    case processEnded
    case noProcess
    case invalidFrame
    case tooManyFrames

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
        case .noAnswerInTime(let seconds): "did not answer within \(seconds.asWritten) s"
        case .tooManyCalls: "has too many calls without a verdict"
        case .noThread: "cannot be called: the system cannot create another thread"
        case .givenClaims(let count): "called `give` \(count) times for one token, expected once"
        case .longTransformedClaims: "gave claims of more than \(ModuleHostTable.maximumClaims) bytes"
        case .transformedClaims: "gave claims that are not a JSON object without duplicate names"
        case .processEnded: "has no answer: its process ended during the call"
        case .noProcess: "cannot be called: it has no process, or its process does not receive what it is sent"
        case .invalidFrame: "sent something that is not a message to this process"
        case .tooManyFrames: "sent too many messages that nothing asked for"
        }
    }
}

extension ModuleFault {
    /// The faults that the process of a module reports, each with one number.
    var wire: (code: Int64, value: Int64)? {
        switch self {
        case .shortVerdict: (1, 0)
        case .tooManyCalls: (2, 0)
        case .noThread: (3, 0)
        case .noAnswerInTime(let seconds): (4, Int64(seconds * 1000))
        case .givenClaims(let count): (5, Int64(count))
        case .longTransformedClaims: (6, 0)
        default: nil
        }
    }

    init?(code: Int64, value: Int64) {
        switch code {
        case 1: self = .shortVerdict
        case 2: self = .tooManyCalls
        case 3: self = .noThread
        case 4: self = .noAnswerInTime(seconds: Double(value) / 1000)
        case 5: self = .givenClaims(Int(value))
        case 6: self = .longTransformedClaims
        default: return nil
        }
    }
}
