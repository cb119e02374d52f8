// This source file is part of the swift-mcp-auth project.
// SPDX-License-Identifier: Apache-2.0

#if Programs
import Foundation
import MCPAuthJOSE
import MCPAuthJSON
import Testing

/// `mcp-auth token` with tokens in the forms that people copy.
@Suite struct TokenCommandTests {
    private static let header = #"{"alg":"ES256","typ":"JWT"}"#
    private static let jwt = token(
        header,
        #"{"iss":"https://issuer.example","sub":"a-rather-long-subject-to-fill-lines"}"#
    )
    private static let other = token(header, #"{"sub":"other"}"#)

    private static func token(_ header: String, _ claims: String) -> String {
        let signature = Base64URL.encode(Array(repeating: 0x5A, count: 64))
        return [header, claims].map { Base64URL.encode(Array($0.utf8)) }.joined(separator: ".") + "." + signature
    }

    private static func broken(
        _ token: String = TokenCommandTests.jwt,
        into width: Int,
        _ end: String,
        margin: String = ""
    ) -> String {
        var lines: [Substring] = []
        var rest = token[...]
        while !rest.isEmpty {
            lines.append(rest.prefix(width))
            rest = rest.dropFirst(width)
        }
        return lines.map { margin + $0 }.joined(separator: end)
    }

    static let forms: [String] = [
        jwt, jwt + "\n", "  \t\(jwt) \r\n", "Bearer \(jwt)", "bearer   \(jwt)\n", "Authorization: Bearer \(jwt)",
        "authorization:Bearer \(jwt)", "\"\(jwt)\"", "'Bearer \(jwt)'", "<\(jwt)>", "\u{201C}\(jwt)\u{201D}",
        "\u{FEFF}\(jwt)", "\u{200B}\(jwt)\u{200B}",
        "curl -H 'Authorization: Bearer \(jwt)' https://api.example.com/v1.2.3/x",
        "Bearer%20\(jwt.replacing(".", with: "%2E"))", "https://app.example/#access_token=\(jwt)&token_type=Bearer",
        "https://app.example/#id_token=\(other)&access_token=\(jwt)", #"{"access_token":"\#(jwt)","expires_in":300}"#,
        #"{"id_token": "\#(other)", "access_token" : "\#(jwt)"}"#, broken(into: 76, "\n"), broken(into: 64, "\r\n"),
        broken(into: 40, "\n"), broken(into: 75, "=\r\n"), broken(into: 72, "\n", margin: "> "),
        broken(into: 60, " \\\n  "), "Hello,\n\nhere it is:\n\n\(broken(into: 76, "\n"))\n\nRegards,\nAlice",
        "2026-11-23T09:20:00Z INFO example.com: token=\(jwt), expired", "\u{1B}[32mtoken=\u{1B}[0m\(jwt)\u{1B}[0m",
        "<a href=3D\"https://app.example/?access_token=3D\(jwt.prefix(30))=\r\n\(jwt.dropFirst(30))\">",
        "\(jwt)\n\(other)\n",
    ]

    @Test(arguments: forms)
    func `a token is found in any text around it`(text: String) throws {
        let run = try Program.run(["token", "inspect", "--unverified"], input: text)
        #expect(run.status == 0, "\(run.error)")
        #expect(run.output.contains("a-rather-long-subject-to-fill-lines"), "\(text)")
    }

    @Test(arguments: [[0xFF, 0xFE], []] as [[UInt8]])
    func `a token is found in a file that a shell wrote in UTF-16`(mark: [UInt8]) throws {
        let path = NSTemporaryDirectory() + "/token-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data(mark + Self.jwt.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }).write(
            to: URL(filePath: path)
        )
        #expect(try Program.run(["token", "inspect", "--unverified", path]).output.contains("a-rather-long-subject"))
    }

    @Test func `text after a token is not read as part of its signature`() throws {
        let run = try Program.run(["token", "inspect", "--unverified"], input: "\(Self.jwt)\nRegards\n")
        #expect(run.status == 0)
    }

    @Test(arguments: [
        ("garbage", "not a JWT: 1 part"), ("", "there is no token"), ("this is no token at all", "there is no token"),
        (String(forms[0].prefix(60)), "not a JWT: 2 parts"), ("\(forms[0])=", "the signature is not base64url"),
        (token(header, "{"), "the claims is not JSON"), (token(header, "[1]"), "the claims is not a JSON object"),
    ])
    func `input that is not a complete JWT is refused with the problem`(text: String, problem: String) throws {
        let run = try Program.run(["token", "inspect", "--unverified"], input: text)
        #expect(run.status == 10)
        #expect(run.error.contains(problem), "\(run.error)")
    }

    @Test func `up to one MiB is read`() throws {
        let path = NSTemporaryDirectory() + "/token-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        for (size, status) in [(1024 * 1024 - Self.jwt.utf8.count, Int32(0)), (1024 * 1024, 3)] {
            let text = String(repeating: "a log line\n", count: size / 11) + Self.jwt
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            #expect(try Program.run(["token", "inspect", "--unverified", path]).status == status)
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `a log full of tokens and a very long token in a mail are read quickly`() throws {
        let long = Self.token(Self.header, #"{"sub":"\#(String(repeating: "a", count: 700_000))"}"#)
        let log = String(repeating: Self.jwt + "\n", count: 1_000_000 / (Self.jwt.utf8.count + 1))
        for (text, subject) in [(log, "a-rather-long-subject"), (Self.broken(long, into: 76, "\r\n"), "aaaa")] {
            let path = NSTemporaryDirectory() + "/token-\(UUID().uuidString)"
            defer { try? FileManager.default.removeItem(atPath: path) }
            try text.write(toFile: path, atomically: true, encoding: .utf8)
            let run = try Program.run(["token", "inspect", "--unverified", path])
            #expect(run.status == 0, "\(run.error)")
            #expect(run.output.contains(subject))
        }
    }

    @Test func `an encrypted token is reported as such, with its header`() throws {
        let header = Base64URL.encode(Array(#"{"alg":"RSA-OAEP-256","enc":"A256GCM"}"#.utf8))
        let run = try Program.run(["token", "inspect", "--unverified"], input: "Bearer \(header).AAAA.BBBB.CCCC.DDDD")
        #expect(run.status == 0)
        #expect(run.output.contains(#""enc": "A256GCM""#) && run.output.contains("encrypted token (JWE)"))
    }

    @Test func `times are shown next to their numbers, and invisible characters are escaped`() throws {
        let claims = """
            {"exp":1795425600,"iat":1795425000,"auth_time":1795425000000,"nested":{"exp":1},"name":"a\u{202E}b\u{0085}","x":"é"}
            """
        let run = try Program.run(["token", "inspect", "--unverified"], input: Self.token(Self.header, claims))
        #expect(run.output.contains(#""exp": 1795425600,  (2026-11-23T09:20:00Z, "#), "\(run.output)")
        #expect(run.output.contains("milliseconds?"))
        #expect(run.output.contains(#""a\u202eb\u0085""#) && run.output.contains("é"))
        #expect(!run.output.unicodeScalars.contains("\u{202E}"))
        let token = Self.token(Self.header, "{\"x\":\"\u{7F}\"}")
        let delete = try Program.run(["token", "inspect", "--unverified"], input: token)
        #expect(delete.output.contains(#""\u007f""#) && !delete.output.unicodeScalars.contains("\u{7F}"))
    }

    @Test func `a value that cannot be represented is reported when it is shown as null`() throws {
        let token = Self.token(Self.header, #"{"exp":1e400}"#)
        let run = try Program.run(["token", "inspect", "--unverified"], input: token)
        #expect(run.status == 0)
        #expect(run.output.contains("are shown as null"), "\(run.output)")
    }

    @Test func `verify reads the same forms, and prints what was expected and what was found`() throws {
        let configuration = try Program.file(
            """
            { "version": 1, "issuers": { "a": { "issuer": "https://issuer.example",
                "hmac_secrets": [ { "algorithm": "HS256", "secret": { "file": "\(try Program.file(ServedProgram.secret))" } } ] } },
              "resources": [ { "resource": "https://api.example.com/x", "issuers": ["a"], "policy": "authenticated" } ] }
            """
        )
        let verify = ["token", "verify", "--config", configuration, "--resource", "https://api.example.com/x"]
        let now = Date().timeIntervalSince1970.rounded()
        func token(_ audience: JSON) -> String {
            ServedProgram.token(
                header: ["alg": "HS256"],
                claims: [
                    "iss": "https://issuer.example", "sub": "alice", "aud": audience, "exp": .number(now + 60),
                ]
            )
        }
        let good = try Program.run(verify, input: "Authorization: Bearer \(token("https://api.example.com/x"))\n")
        #expect(good.status == 0, "\(good.output)\(good.error)")
        // If a token is broken into lines, its signature must be complete too.
        for width in [20, 40, 59, 64, 76] {
            let text = "Hello,\n\n\(Self.broken(token("https://api.example.com/x"), into: width, "\r\n  "))\nRegards\n"
            let run = try Program.run(verify, input: text)
            #expect(run.status == 0, "\(width): \(run.output)\(run.error)")
        }
        let bad = try Program.run(verify, input: token("https://other.example/\u{202E}y"))
        #expect(bad.status == 10)
        #expect(bad.output.contains("audience_mismatch") && bad.output.contains("https://other.example/"))
        #expect(bad.output.contains("expected") && bad.output.contains("https://api.example.com/x"))
        #expect(!bad.output.unicodeScalars.contains("\u{202E}"))
        let header = Base64URL.encode(Array(#"{"alg":"dir","enc":"A256GCM"}"#.utf8))
        let encrypted = try Program.run(verify, input: "\(header)..BBBB.CCCC.DDDD")
        #expect(encrypted.output.contains("encrypted_token") && encrypted.output.contains("JWE"))
    }
}
#endif
