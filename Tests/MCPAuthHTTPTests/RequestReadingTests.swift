// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import HTTPTypes
import MCPAuthHTTP
import Testing

@testable import MCPAuthCore

@Suite struct RequestReadingTests {
    @Test(
        arguments: [
            ([], "none"), (["Bearer abc"], "abc"), (["bearer abc"], "abc"), (["BEARER   abc"], "abc"),
            (["Bearer"], "none"), (["Bearer "], "none"), (["bearer    "], "none"), (["Bearer \t "], "none"),
            (["Bearer a b"], "malformed"), (["Bearer Bearer a"], "malformed"), (["Bearer null"], "null"),
            (["Bearer a "], "malformed"), (["Bearer \"a\""], "\"a\""), (["Bearer ,"], "malformed"),
            (["a"], "other scheme"),
            (["Token a"], "other scheme"), (["DPoP a"], "other scheme"), (["Bearer", "Bearer a"], "malformed"),
            (["Bearer,Bearer a"], "malformed"),
            (["Bearer", "Bearer"], "malformed"), (["Bearer, Basic a"], "other scheme"),
            (["Basic eDp5"], "other scheme"),
            (["Bearer a", "Bearer a"], "malformed"), (["Bearer a", "Basic b"], "malformed"),
            (["Bearer a, Basic b"], "malformed"), (["Basic a, Bearer b"], "malformed"),
            (["Basic,bearer b"], "malformed"),
            (["Basic a,\tBEARER b"], "malformed"), ([", Bearer b"], "malformed"), (["Basic a, Bearer"], "malformed"),
            ([#"Digest username="a", realm="Bearer", nonce="c""#], "other scheme"),
            (["Basic a, Bearers b"], "other scheme"),
            (["Bearer a,b"], "malformed"), (["Bearer\ta"], "other scheme"), (["Bearer a\tb"], "malformed"),
            ([""], "none"), ([" \t"], "none"),
            (["Bearer \u{e4}"], "malformed"),
        ] as [([String], String)]
    )
    func `exactly one bearer token is a credential`(fields: [String], result: String) {
        let read =
            switch RequestReading.credentials(fields) {
            case .none: "none"
            case .otherScheme: "other scheme"
            case .malformed: "malformed"
            case .bearer(let token): token.dangerouslyRevealed
            }
        #expect(read == result)
    }
}

@Suite struct ChallengeTests {
    @Test func `E16: the challenge has the form and order that client parsers expect`() {
        let metadata = "https://h.example/.well-known/oauth-protected-resource/mcp"
        let anonymous = BearerChallenge(error: nil, scope: ["a", "b"], resourceMetadata: metadata)
        #expect(ResponseWriting.text(of: anonymous) == "Bearer scope=\"a b\", resource_metadata=\"\(metadata)\"")
        let refused = BearerChallenge(error: .insufficientScope, scope: ["a"], resourceMetadata: metadata)
        let text = ResponseWriting.text(of: refused)
        #expect(
            text.hasPrefix(
                "Bearer error=\"insufficient_scope\", scope=\"a\", resource_metadata=\"\(metadata)\", error_description=\""
            )
        )
        for error in BearerChallenge.ErrorCode.allCases {
            let text = ResponseWriting.text(of: BearerChallenge(error: error, resourceMetadata: metadata))
            #expect(
                !text.contains("\\") && !text.contains("scope=") && text.utf8.allSatisfy { (0x20...0x7E).contains($0) }
            )
        }
    }
}
