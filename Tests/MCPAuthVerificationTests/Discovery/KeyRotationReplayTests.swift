// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import MCPAuthCore
import MCPAuthJSON
import TestSupport
import Testing

@testable import MCPAuthJOSE
@testable import MCPAuthVerification

/// Key sets that real providers published over months, replayed with a test clock.
@Suite(.enabled(if: Vectors.hasThirdParty)) struct KeyRotationReplayTests {
    private static let providers = [
        "apple", "discord", "docker", "entra-common", "entra-organizations", "facebook", "gitlab",
        "google", "klarna", "lego", "paypal", "slack", "spotify", "yahoo",
    ]

    private struct Version {
        let date: NumericDate
        let text: [UInt8]
        let keys: JWKSet
    }

    @Test(arguments: providers)
    func `D2 a key is valid while published and for two hours after its removal, and no longer`(
        provider: String
    ) async throws {
        let versions = try Self.versions(of: provider)
        let fetcher = FixtureFetcher([
            "https://issuer.example/.well-known/openid-configuration":
                Array(#"{"issuer":"https://issuer.example","jwks_uri":"https://issuer.example/jwks"}"#.utf8)
        ])
        let directory = IssuerDocuments(issuer: "https://issuer.example", source: .oidc, fetcher: fetcher)
        // The reference: when each key was first missing.
        var goneSince: [ExactString: NumericDate] = [:]
        var known: [ExactString: SignatureAlgorithm] = [:]
        var (good, refused) = (0, 0)
        for (index, version) in versions.enumerated() {
            fetcher.serve(version.text, at: "https://issuer.example/jwks")
            let published = Set(version.keys.keys.compactMap(\.keyID))
            let end = index + 1 < versions.count ? versions[index + 1].date : version.date.adding(86400)
            for seconds in [0, 7199, 7201] as [Double] {
                let now = version.date.adding(seconds)
                guard now < end else { break }
                fetcher.time.follow(now)
                // Lets other tests run.
                await Task.yield()
                if seconds == 0 {
                    // The first request after a long time waits for the new set.
                    _ = await directory.keys(keyID: "nobody", algorithm: .rs256, tokenIssuedAt: nil, now: now)
                    for key in known.keys where !published.contains(key) && goneSince[key] == nil {
                        goneSince[key] = now
                    }
                    for key in version.keys.keys {
                        guard let name = key.keyID, let algorithm = key.key.algorithms.first else { continue }
                        known[name] = algorithm
                        goneSince[name] = nil
                    }
                }
                for (name, algorithm) in known {
                    let isExpected = goneSince[name].map { now < $0.adding(7200) } ?? true
                    let answer = await directory.keys(
                        keyID: name,
                        algorithm: algorithm,
                        tokenIssuedAt: NumericDate(0),
                        now: now
                    )
                    if case .keys = answer { good += 1 } else { refused += 1 }
                    #expect(answer.isKeys == isExpected, "\(name.text) at \(now.secondsSinceEpoch)")
                }
            }
        }
        #expect(good > 0)
        if provider == "entra-common" { #expect(refused > 100 && versions.count > 100) }
    }

    private static func versions(of provider: String) throws -> [Version] {
        let timeline = try Vectors.thirdParty("wellknown-providers/jwks-rotation-timeline.json")
        let formatter = ISO8601DateFormatter()
        let versions = try (timeline[provider]?.array ?? []).compactMap { entry -> Version? in
            guard let text = entry["date"]?.string, let date = formatter.date(from: text), let set = entry["jwks"]
            else {
                return nil
            }
            return Version(
                date: NumericDate(date.timeIntervalSince1970),
                text: JSON(set).encoded(),
                keys: try JWKSet(set)
            )
        }
        try #require(!versions.isEmpty)
        return versions
    }
}

extension IssuerDocuments.KeyAnswer {
    var isKeys: Bool {
        if case .keys = self { true } else { false }
    }
}
