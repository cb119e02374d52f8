// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import JWTKit

/// Measures how long jwt-kit takes for a token: `jwt-kit-benchmark DIRECTORY`.
@main
struct JWTKitBenchmark {
    private static let rounds = 5

    static func main() async throws {
        let directory = URL(filePath: CommandLine.arguments[1])
        for algorithm in ["RS256", "ES256"] {
            let jwk = try String(contentsOf: directory.appending(path: algorithm + ".jwk.json"), encoding: .utf8)
            let tokens = try String(contentsOf: directory.appending(path: algorithm + ".tokens"), encoding: .utf8)
                .split(separator: "\n").map(String.init)
            let keys = try await JWTKeyCollection().add(jwk: JWK(json: jwk))
            _ = try await nanoseconds(tokens, keys)
            var times: [Double] = []
            for _ in 0..<rounds { times.append(try await nanoseconds(tokens, keys)) }
            let median = Int(times.sorted()[rounds / 2])
            print(#"{"peer":"jwt-kit","what":"uncached","algorithm":"\#(algorithm)","ns":\#(median)}"#)
        }
    }

    /// Nanoseconds of processor time for one of these tokens.
    private static func nanoseconds(_ tokens: [String], _ keys: JWTKeyCollection) async throws -> Double {
        let start = processorTime()
        for token in tokens { _ = try await keys.verify(token, as: AccessTokenClaims.self) }
        return (processorTime() - start) / Double(tokens.count)
    }

    private static func processorTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
    }
}

/// The claims that a resource server needs from an access token; jwt-kit reads no others.
struct AccessTokenClaims: JWTPayload {
    let iss: IssuerClaim
    let sub: SubjectClaim
    let aud: AudienceClaim
    let exp: ExpirationClaim
    let scope: String

    struct WrongIssuer: Error {}

    func verify(using algorithm: some JWTAlgorithm) throws {
        guard iss.value == "https://issuer.example" else { throw WrongIssuer() }
        try exp.verifyNotExpired()
        try aud.verifyIntendedAudience(includes: "https://api.example.com/notes")
    }
}
