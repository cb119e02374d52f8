// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import MCPAuth

/// `WWW-Authenticate` as RFC 9110 reads it, and as the official MCP clients do.
@Suite struct ChallengeTextTests {
    /// The challenges in one line, such as `Basic(realm=x) Negotiate()`; `nil` if the text is malformed.
    private static func read(_ values: [String]) -> String? {
        ChallengeText(values).challenges?.map { challenge in
            let parameters = challenge.parameters.map { "\($0.name)=\($0.value)" }
            return "\(challenge.scheme)(\(parameters.joined(separator: ";")))"
        }.joined(separator: " ")
    }

    @Test(arguments: [
        ([#"Bearer realm="foo", scope="a b""#], "Bearer(realm=foo;scope=a b)"),
        ([#"bearer realm=foo"#, #"DPoP algs="ES256""#], "bearer(realm=foo) DPoP(algs=ES256)"),
        ([#"Basic realm = "foo""#], "Basic(realm=foo)"), ([#"Basic , realm="\"a\\""#], #"Basic(realm="a\)"#),
        (["Negotiate abc/+==, Bearer a=b"], "Negotiate() Bearer(a=b)"), (["Negotiate abc"], "Negotiate()"),
        ([#",, Basic realm="a",, b=c,"#], "Basic(realm=a;b=c)"), (["Scheme, DPoP"], "Scheme() DPoP()"), ([""], ""),
    ])
    func `a text that follows the grammar is read`(values: [String], expected: String) {
        #expect(Self.read(values) == expected)
    }

    @Test(arguments: [
        #"Bearer, realm="a""#, #"Bearer realm="a"#, #"Bearer realm="a" scope="b""#, #"Bearer realm="a\"#, "Bearer a=[",
        "Negotiate abc==, realm=x", "=", "Bearer a=b c",
    ])
    func `any other text is malformed`(text: String) {
        #expect(Self.read([text]) == nil)
    }

    @Test(arguments: [
        (#"Bearer scope="a b", x=y"#, "a b"), ("Bearer scope=a, x=y", "a"), (#"Bearer scope="""#, #""""#),
        (#"Bearer error_description="scope=x", scope="a""#, #"x""#), (#"Bearer realm="a", DPoP scope="d""#, "d"),
        (#"Bearer scope="a\"b""#, #"a\"#), (#"Bearer x_scope="a""#, "a"),
    ])
    func `the value that clients read is the first match in the whole text`(text: String, expected: String) {
        #expect(ChallengeText([text]).clientValue(of: "scope") == expected)
    }

    @Test(arguments: [#"Bearer Scope="a""#, #"Bearer scope = "a""#, "Bearer", "", "Bearer scope="])
    func `clients find no value in another case, or beside a space`(text: String) {
        #expect(ChallengeText([text]).clientValue(of: "scope") == nil)
    }
}
