// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

internal import MCPAuthConcurrency
internal import MCPAuthJOSE
internal import MCPAuthModule

/// The published keys of one proxy.
///
/// Not `IssuerDocuments` of the engine: that fetches in tasks of its own, but a module can fetch only inside a call.
///
/// They are fetched again after an hour, and when a token names an unknown key, at most once in 30 seconds. If they
/// cannot be fetched, the last ones are used for a day.
final class EdgeKeys: Sendable {
    enum Answer {
        case found([JWK])
        /// No key has this `kid`.
        case none
        case unavailable(String)
    }

    private struct Known: Sendable {
        var set: JWKSet?
        /// When the set was fetched, in seconds since 1970.
        var fetched = -Double.infinity
        /// When it was tried last.
        var tried = -Double.infinity
        var failure = "none"
    }

    private static let freshSeconds = 3600.0
    private static let coolDownSeconds = 30.0
    private static let mostSeconds = 86_400.0
    /// How long a request waits for the first keys.
    private static let fetchSeconds = 4.5
    /// How long a request waits for newer keys.
    private static let refreshSeconds = 1.0

    private let url: String
    private let host: ModuleHost
    private let known = Lock(Known())
    private let flights = SingleFlight<String, Bool>(most: 1)

    init(at url: String, _ host: ModuleHost) {
        self.url = url
        self.host = host
    }

    func keys(_ keyID: ExactString?, _ algorithm: SignatureAlgorithm, _ now: NumericDate) async -> Answer {
        let time = now.secondsSinceEpoch
        if isOld(time) { await fetch(time) }
        var answer = select(keyID, algorithm, time)
        if case .none = answer, mayTry(time) {
            await fetch(time)
            answer = select(keyID, algorithm, time)
        }
        return answer
    }

    private func isOld(_ time: Double) -> Bool {
        known.withLock { abs(time - $0.fetched) > Self.freshSeconds && abs(time - $0.tried) > Self.coolDownSeconds }
    }

    private func mayTry(_ time: Double) -> Bool {
        known.withLock { abs(time - $0.tried) > Self.coolDownSeconds }
    }

    private func select(_ keyID: ExactString?, _ algorithm: SignatureAlgorithm, _ time: Double) -> Answer {
        let known = known.withLock { $0 }
        guard let set = known.set, abs(time - known.fetched) < Self.mostSeconds else {
            return .unavailable(known.failure)
        }
        guard keyID != nil, case .keys(let keys) = set.select(keyID: keyID, algorithm: algorithm) else { return .none }
        return .found(keys)
    }

    private enum Download {
        case keys(JWKSet)
        case failure(String)
        /// The caller whose request would have been sent is gone.
        case notAsked(String)
    }

    /// Fetches the keys; all who ask meanwhile wait for one answer.
    private func fetch(_ time: Double) async {
        let seconds = known.withLock { $0.set == nil } ? Self.fetchSeconds : Self.refreshSeconds
        _ = await flights.value(for: url, until: Deadline(in: seconds)) { [self] in
            host.count("keys_fetched")
            let answer = await download()
            return known.withLock { known in
                switch answer {
                case .keys(let set):
                    (known.set, known.fetched, known.tried) = (set, time, time)
                    return true
                case .failure(let failure):
                    (known.failure, known.tried) = (failure, time)
                    return false
                case .notAsked(let reason):
                    known.failure = reason
                    return false
                }
            }
        }
    }

    private func download() async -> Download {
        do throws(ModuleHost.FetchFailure) {
            let response = try await host.fetch(url)
            guard response.status == 200 else { return .failure("status \(response.status)") }
            guard let document = try? JSONDocument(parsing: response.body, limits: .fetched),
                let set = try? JWKSet(document.root, reusing: known.withLock { $0.set })
            else { return .failure("a body that is not a key set") }
            return .keys(set)
        } catch {
            return error.wasSent ? .failure(error.description) : .notAsked(error.description)
        }
    }
}
