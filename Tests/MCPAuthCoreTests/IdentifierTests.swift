// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import MCPAuthCore

@Suite struct ResourceIdentifierTests {
    @Test(arguments: [
        ("https://api.example.com/notes", "https://api.example.com/.well-known/oauth-protected-resource/notes"),
        ("https://api.example.com", "https://api.example.com/.well-known/oauth-protected-resource"),
        ("https://api.example.com/", "https://api.example.com/.well-known/oauth-protected-resource"),
        (
            "https://api.example.com/a?tenant=1",
            "https://api.example.com/.well-known/oauth-protected-resource/a?tenant=1"
        ),
        ("https://api.example.com:8443/a/b/", "https://api.example.com:8443/.well-known/oauth-protected-resource/a/b/"),
    ])
    func `the metadata URL has the well-known part between host and path`(resource: String, url: String) throws {
        #expect(try ResourceIdentifier(resource).metadataURL == url)
    }

    @Test(arguments: [
        "urn:example:notes", "notes", "https://", "https://a b/", "https://u@h/", "https://h/#f", "ftp://h/",
        "https://h:x/",
    ])
    func `only absolute URLs without fragment are identifiers`(text: String) {
        #expect(throws: ConfigurationError(.invalidValue, "")) { try ResourceIdentifier(text) }
    }

    @Test(arguments: [
        ("https://h.example", "https://h.example/", true), ("https://H.example/", "https://h.example", true),
        ("https://h.example:443/a", "https://h.example/a", true),
        ("https://h.example/a", "https://h.example/a/", false),
        ("https://h.example/a", "https://h.example", false), ("https://h.example/a", "https://h.example/A", false),
        ("https://h.example/a", "http://h.example/a", false), ("https://h.example/a", "https://h.example/a?x=1", false),
        ("https://h.example/a", "https://h.example/a#x", false),
    ])
    func `audiences are compared in canonical form and never by prefix`(resource: String, audience: String, same: Bool)
    {
        #expect(ResourceAudience(resource).isNamed(by: audience) == same)
    }
}

@Suite struct ScopeSetTests {
    @Test func `only spaces separate scopes`() {
        #expect(ScopeSet(spaceDelimited: "a  b a")?.values == ["a", "b"])
        #expect(ScopeSet(spaceDelimited: "")?.isEmpty == true)
        for text in ["a\tb", "a\u{a0}b", "a\nb", "a\"b", "a\\b", "é"] { #expect(ScopeSet(spaceDelimited: text) == nil) }
        #expect(ScopeSet(spaceDelimited: "a,b")?.values == ["a,b"])
    }

    @Test func `scopes are compared exactly, including case`() {
        let scopes = ScopeSet(["read:notes", "K"])
        #expect(scopes.contains("read:notes") && scopes.contains("K"))
        for other in ["Read:notes", "read:Notes", "read", "k", ""] { #expect(!scopes.contains(other)) }
    }

    @Test(arguments: [1, 15, 16, 17, 18, 5000])
    func `duplicate scopes are dropped, and the order of first occurrences is kept`(count: Int) {
        let scopes = (0..<count).map { "scope:\($0)" }
        let twice = scopes + scopes.reversed() + scopes
        #expect(ScopeSet(spaceDelimited: twice.joined(separator: " "))?.values == scopes)
        #expect(ScopeSet(twice).values == scopes)
    }
}

@Suite struct RedactionTests {
    @Test func `a token prints as redacted however it is printed`() {
        let token = AccessToken(bytes: Array("s3cret".utf8))
        var dumped = ""
        dump(token, to: &dumped)
        for text in ["\(token)", String(reflecting: token), dumped] { #expect(!text.contains("s3cret")) }
        #expect("\(token)" == "<redacted>")
    }
}
