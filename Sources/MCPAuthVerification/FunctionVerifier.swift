// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

package import MCPAuthCore
internal import MCPAuthJSON
internal import MCPAuthLock

/// What a verify function says about a token.
public enum TokenVerdict: Sendable {
    /// The token is genuine; `claims` is the JSON text of its claims.
    case verified(claims: String)
    /// The token is this function's to judge, and is not acceptable.
    case rejected
    /// Another verifier may know the token.
    case notMine
    /// The function could not decide now; the client may try again after this many seconds.
    case unavailable(retryAfterSeconds: Int)
}

/// A verify function of an application as one of a resource's verifiers.
///
/// What it says is checked again: claims must be an object without duplicate members, and name no other issuer than the
/// one the function speaks for. The mandatory checks ask of them what they ask of every token: `exp`, the audience, a subject
/// or client. An error it throws is *unavailable*, never an acceptance.
package struct FunctionVerifier: TokenVerifier {
    package typealias Function = @Sendable (AccessToken, ProtectedResourceRequest) async throws -> TokenVerdict

    package let name: String
    package let needsOperation: Bool
    private let issuer: IssuerIdentifier
    private let cacheSeconds: Double
    private let clock: SteadyClock
    private let function: Function
    private let onEvent: EngineEventHandler
    /// The longest that a request waits for the function, in seconds.
    private let timeLimit: Double
    private let calls = SingleFlight<Int, Result<TokenVerdict, any Error>>(most: 1024, bytes: 16 * 1024 * 1024)
    private let nextCall = Lock(0)

    /// - Parameters:
    ///   - cacheSeconds: How long a verdict is kept; above 0 only for a function whose verdict depends on the token alone.
    ///   - timeLimit: The longest that a request waits for the function, in seconds. A call goes on after that; at most
    ///     1,024 are under way, with at most 16 MiB of tokens.
    package init(
        name: String,
        issuer: IssuerIdentifier,
        cacheSeconds: Double,
        needsOperation: Bool = false,
        timeLimit: Double,
        clock: SteadyClock,
        onEvent: @escaping EngineEventHandler,
        function: @escaping Function
    ) {
        self.name = "function \(name)"
        self.issuer = issuer
        self.cacheSeconds = cacheSeconds
        self.needsOperation = needsOperation
        self.timeLimit = timeLimit
        self.clock = clock
        self.onEvent = onEvent
        self.function = function
    }

    package func verify(
        _ token: AccessToken,
        of request: ProtectedResourceRequest,
        now: NumericDate
    ) async -> VerifierAnswer {
        let call = nextCall.withLock { number in
            number &+= 1
            return number
        }
        let function = function
        let deadline = Deadline(in: timeLimit)
        let arrival = await calls.value(for: call, bytes: token.bytes.count, until: deadline) {
            do { return .success(try await function(token, request)) } catch { return .failure(error) }
        }
        let verdict: TokenVerdict
        switch arrival {
        case .landed(.success(let answer)): verdict = answer
        // The error is the application's; its text could hold the token.
        case .landed(.failure(let error)): return fault("it threw an error of type \(type(of: error))")
        case .late where Task.isCancelled: return .unavailable(.verifierUnavailable, retryAfter: 5)
        case .late: return fault("no answer within \(Deadline.text(timeLimit))")
        case .full: return fault("too many calls are under way")
        }
        switch verdict {
        case .rejected: return .rejected(.rejectedByFunction)
        case .notMine: return .notMine(.unrecognizedToken)
        case .unavailable(let seconds): return .unavailable(.verifierUnavailable, retryAfter: seconds)
        case .verified(let text):
            let payload = Array(text.utf8)
            guard let document = try? JSONDocument(parsing: payload, limits: .token), document.root.kind == .object
            else { return fault("its claims are not a JSON object") }
            if let named = document.root.optional("iss"), !named.isString(issuer.description) {
                return fault("its claims name another issuer than its own")
            }
            let reuse: TokenEvidence.Reuse = cacheSeconds > 0 ? .until(clock.now.adding(cacheSeconds)) : .never
            return .verified(TokenEvidence(issuer: issuer, document: document, payload: payload, reuse: reuse))
        }
    }

    private func fault(_ what: String) -> VerifierAnswer {
        onEvent(EngineEvent(.error, .verifyFunctionFailed, "\(name.printable): \(what)"))
        return .unavailable(.verifierUnavailable, retryAfter: 5)
    }
}
