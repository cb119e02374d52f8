// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthConcurrency
package import MCPAuthCore
internal import MCPAuthJSON

/// Runs a verifier of the application for one issuer, with limits on time, calls and memory.
///
/// Its verdict is checked: if the claims name a different issuer, the token is *unavailable*. The mandatory checks
/// apply as for every token: `exp`, the audience, a subject or client. An error that it throws is *unavailable*, never
/// an acceptance.
package struct BoundedVerifier: TokenVerifier {
    package let name: String
    package let needsOperation: Bool
    private let verifier: any TokenVerifier
    private let issuer: IssuerIdentifier
    private let clock: SteadyClock
    private let onEvent: EngineEventHandler
    /// The longest that a request waits for the verifier, in seconds.
    private let timeLimit: Double
    private let calls = SingleFlight<Int, Result<TokenVerdict, any Error>>(most: 1024, bytes: 16 * 1024 * 1024)
    private let nextCall = Lock(0)

    /// - Parameters:
    ///   - issuer: The issuer whose tokens the verifier decides on.
    ///   - timeLimit: The longest that a request waits for the verifier, in seconds. The call continues after that; at
    ///     most 1,024 calls are under way, with at most 16 MiB of tokens.
    package init(
        _ verifier: any TokenVerifier,
        issuer: IssuerIdentifier,
        timeLimit: Double,
        clock: SteadyClock,
        onEvent: @escaping EngineEventHandler
    ) {
        name = verifier.name
        needsOperation = verifier.needsOperation
        self.verifier = verifier
        self.issuer = issuer
        self.timeLimit = timeLimit
        self.clock = clock
        self.onEvent = onEvent
    }

    package func verify(
        _ token: AccessToken,
        of request: ProtectedResourceRequest,
        now: NumericDate
    ) async -> TokenVerdict {
        let call = nextCall.withLock { number in
            number &+= 1
            return number
        }
        let verifier = verifier
        let deadline = Deadline(in: timeLimit)
        let arrival = await calls.value(for: call, bytes: token.bytes.count, until: deadline) {
            do { return .success(try await verifier.verify(token, of: request, now: now)) } catch {
                return .failure(error)
            }
        }
        switch arrival {
        case .landed(.success(.verified(let evidence))): return accepted(evidence)
        case .landed(.success(let verdict)): return verdict
        // Only the type is reported: the text of the application's error could contain the token.
        case .landed(.failure(let error)): return fault("it threw an error of type \(type(of: error))")
        case .late where Task.isCancelled: return .unavailable(retryAfter: 5)
        case .late: return fault("no answer within \(Deadline.text(timeLimit))")
        case .full: return fault("too many calls are under way")
        }
    }

    private func accepted(_ evidence: TokenEvidence) -> TokenVerdict {
        if let named = evidence.document.root.optional("iss"), !named.isString(issuer.description) {
            return fault("its claims name a different issuer")
        }
        // A verdict that may depend on the operation must not be reused for another operation.
        return .verified(evidence.attached(to: issuer, at: clock.now, mayBeKept: !needsOperation))
    }

    private func fault(_ what: String) -> TokenVerdict {
        onEvent(EngineEvent(.error, .verifierFailed, "\(name.printable): \(what)"))
        return .unavailable(retryAfter: 5)
    }
}
